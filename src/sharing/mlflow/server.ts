import { UsageError } from "../../errors/index.js";
import { noAnswer, refusedBy, SendError } from "./errors.js";

/** Address of an MLflow server, and the credentials. */
export interface MlflowServer {
  /** Without a trailing slash and without a password, so it may be shown. */
  readonly address: string;
  readonly authorization: string | undefined;
  /** Timeout of one request in milliseconds. */
  readonly timeoutMs: number;
}

/** Timeout of one request in seconds, unless MLFLOW_HTTP_REQUEST_TIMEOUT sets it; the same as in MLflow's own clients. */
const TIMEOUT = 120;

/**
 * Reads an address and the environment as MLflow's clients do: MLFLOW_TRACKING_USERNAME and _PASSWORD, or
 * MLFLOW_TRACKING_TOKEN, and MLFLOW_HTTP_REQUEST_TIMEOUT.
 *
 * @throws UsageError if it is not the address of a server.
 */
export function mlflowServer(
  uri: string,
  environment: Readonly<Record<string, string | undefined>>,
): MlflowServer {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError({
      place: `--mlflow ${uri}`,
      problem: "is not the address of an MLflow server",
      remedy:
        "Give an address such as http://localhost:5000. To use files or a database, start a server: " +
        "mlflow server --backend-store-uri …",
    });
  }
  const { username, password } = url;
  const seconds = Number(environment["MLFLOW_HTTP_REQUEST_TIMEOUT"] ?? TIMEOUT);
  return {
    address: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    authorization: authorizationOf(
      environment,
      username === ""
        ? undefined
        : { user: decodeURIComponent(username), password: decodeURIComponent(password) },
    ),
    timeoutMs: 1000 * (Number.isFinite(seconds) && seconds > 0 ? seconds : TIMEOUT),
  };
}

function authorizationOf(
  environment: Readonly<Record<string, string | undefined>>,
  told: { readonly user: string; readonly password: string } | undefined,
): string | undefined {
  const user = told?.user ?? environment["MLFLOW_TRACKING_USERNAME"];
  const password = told?.password ?? environment["MLFLOW_TRACKING_PASSWORD"] ?? "";
  const token = environment["MLFLOW_TRACKING_TOKEN"];
  if (user !== undefined && user !== "")
    return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return token === undefined || token === "" ? undefined : `Bearer ${token}`;
}

/** A call of the REST API: its path after `/api/2.0/mlflow/`, and its parameters. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** The query of a GET, the JSON of a POST. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The response to a call; undefined if MLflow itself says that the resource does not exist. @throws SendError */
export async function ask(
  server: MlflowServer,
  { method, path, body }: Call,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { address, authorization, timeoutMs } = server;
  const query = method === "GET" ? `?${new URLSearchParams(body as Record<string, string>).toString()}` : "";
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${address}/api/2.0/mlflow/${path}${query}`, {
      method,
      // Following a redirect would send the password to another server and lose the body.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        accept: "application/json",
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === "POST" ? { "content-type": "application/json" } : {}),
      },
      ...(method === "POST" ? { body: JSON.stringify(body) } : {}),
    });
    text = await response.text();
  } catch (error) {
    throw noAnswer(address, error, timeoutMs);
  }
  const answer = jsonOf(text);
  if (response.ok && answer !== undefined) return answer;
  if (answer?.["error_code"] === "RESOURCE_DOES_NOT_EXIST") return undefined;
  if (!response.ok) throw refusedBy(address, path, response, text);
  throw new SendError({
    place: address,
    problem: `is not an MLflow server: ${path} did not answer with JSON`,
    remedy: "Give the address of the tracking server, such as http://localhost:5000.",
  });
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
