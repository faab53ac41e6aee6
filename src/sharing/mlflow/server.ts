import { UsageError } from "../../errors/index.js";
import { noAnswer, refusedBy, SendError } from "./errors.js";

/** Where MLflow is, and how it knows who asks. */
export interface MlflowServer {
  /** Without a path's last slash, and without a password: it may be shown. */
  readonly address: string;
  readonly authorization: string | undefined;
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Seconds for one request, unless MLFLOW_HTTP_REQUEST_TIMEOUT says it: MLflow's own clients wait as long. */
const TIMEOUT = 120;

/**
 * Reads an address as MLflow's clients do, and what their environment says: MLFLOW_TRACKING_USERNAME and _PASSWORD, or
 * MLFLOW_TRACKING_TOKEN, and MLFLOW_HTTP_REQUEST_TIMEOUT.
 *
 * @throws UsageError of an address that is not one of a server.
 */
export function mlflowServer(uri: string, environment: Environment): MlflowServer {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError({
      place: `--mlflow ${uri}`,
      problem: "is not the address of an MLflow server",
      remedy:
        "Name one such as http://localhost:5000. Files and databases are reached through a server: " +
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
  environment: Environment,
  told: { readonly user: string; readonly password: string } | undefined,
): string | undefined {
  const user = told?.user ?? environment["MLFLOW_TRACKING_USERNAME"];
  const password = told?.password ?? environment["MLFLOW_TRACKING_PASSWORD"] ?? "";
  const token = environment["MLFLOW_TRACKING_TOKEN"];
  if (user !== undefined && user !== "")
    return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return token === undefined || token === "" ? undefined : `Bearer ${token}`;
}

/** A call of the REST API: its path after `/api/2.0/mlflow/`, and what it is asked. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** The query of a GET, the JSON of a POST. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The answer to a call; undefined where MLflow itself says that there is no such thing. @throws SendError */
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
      // Sending elsewhere would tell another server the password and lose the body.
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
    problem: `is no MLflow server: ${path} did not answer with JSON`,
    remedy: "Check the address: that of the tracking server, such as http://localhost:5000.",
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
