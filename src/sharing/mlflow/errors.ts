import { HoldfastError } from "../../errors/index.js";

/** A server did not take what was sent (exit code 1): the files here are as they were. */
export class SendError extends HoldfastError {
  override readonly exitCode = 1;
}

/** Words of an answer that are told; the rest may be a whole page. */
const TOLD = 300;

/** Why no answer came. */
export function noAnswer(address: string, cause: unknown, timeoutMs: number): SendError {
  const { code, name } = rootOf(cause);
  const [problem, remedy] =
    name === "TimeoutError"
      ? [
          `gave no answer within ${timeoutMs / 1000} s`,
          "Look whether the server is well, and export again; MLFLOW_HTTP_REQUEST_TIMEOUT=300 waits for 300 s.",
        ]
      : code === "ECONNREFUSED"
        ? [
            "refuses the connection: no server listens there",
            "Start it (mlflow server --port 5000), or name another with --mlflow.",
          ]
        : code === "ENOTFOUND" || code === "EAI_AGAIN"
          ? ["its host is not known", "Check the address after --mlflow."]
          : [
              `could not be reached: ${code ?? (cause instanceof Error ? cause.message : String(cause))}`,
              "Check the address after --mlflow, and the network.",
            ];
  return new SendError({ place: address, problem, remedy, cause });
}

/** What fetch throws says "fetch failed"; the reason is inside, or inside the first of several attempts. */
function rootOf(error: unknown): { readonly code?: string; readonly name?: string } {
  const { cause, errors } = error as { cause?: unknown; errors?: readonly unknown[] };
  const inner = cause ?? errors?.[0];
  return typeof inner === "object" && inner !== null ? rootOf(inner) : (error as object);
}

/** What an answer that is no success means. */
export function refusedBy(
  address: string,
  path: string,
  { status, statusText, headers }: Response,
  body: string,
): SendError {
  const told = messageOf(body);
  const says = `${path} answered ${status}${statusText === "" ? "" : ` ${statusText}`}${told === "" ? "" : `: ${told}`}`;
  if (status === 401 || status === 403) {
    return new SendError({
      place: address,
      problem: `does not let you in: ${says}`,
      remedy: "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    });
  }
  if (status >= 300 && status < 400) {
    return new SendError({
      place: address,
      problem: `sends elsewhere: ${headers.get("location") ?? "nowhere"}`,
      remedy: "Name the address that it sends to with --mlflow, if you trust it.",
    });
  }
  if (status === 404) {
    return new SendError({
      place: address,
      problem: `has no MLflow there: ${says}`,
      remedy: "Check the address: that of the tracking server, such as http://localhost:5000.",
    });
  }
  return new SendError({
    place: address,
    problem: says,
    remedy: "Look into the server's log, and export again when it is well.",
  });
}

/** The message of MLflow's JSON; of another body its first words. */
function messageOf(body: string): string {
  let message = body;
  try {
    const { message: said } = JSON.parse(body) as { message?: unknown };
    if (typeof said === "string") message = said;
  } catch {
    // A proxy's page, or nothing.
  }
  const words = message.replace(/\s+/g, " ").trim();
  return words.length > TOLD ? `${words.slice(0, TOLD)}…` : words;
}
