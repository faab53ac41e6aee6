import { HoldfastError } from "../../errors/index.js";

/** A server did not accept what was sent (exit code 1); local files are unchanged. */
export class SendError extends HoldfastError {
  override readonly exitCode = 1;
}

/** Length of the quoted part of a response; the rest may be a whole page. */
const TOLD = 300;

/** Explains why there was no response. */
export function noAnswer(address: string, cause: unknown, timeoutMs: number): SendError {
  const { code, name } = rootOf(cause);
  const [problem, remedy] =
    name === "TimeoutError"
      ? [
          `gave no answer within ${timeoutMs / 1000} s`,
          "Check the server, and export again. MLFLOW_HTTP_REQUEST_TIMEOUT=300 waits up to 300 s.",
        ]
      : code === "ECONNREFUSED"
        ? [
            "refuses the connection: no server listens there",
            "Start it (mlflow server --port 5000), or give another address with --mlflow.",
          ]
        : code === "ENOTFOUND" || code === "EAI_AGAIN"
          ? ["its host is not known", "Check the address after --mlflow."]
          : [
              `could not be reached: ${code ?? (cause instanceof Error ? cause.message : String(cause))}`,
              "Check the address after --mlflow, and the network.",
            ];
  return new SendError({ place: address, problem, remedy, cause });
}

/** fetch throws "fetch failed"; the reason is its cause, or the first of several causes. */
function rootOf(error: unknown): { readonly code?: string; readonly name?: string } {
  const { cause, errors } = error as { cause?: unknown; errors?: readonly unknown[] };
  const inner = cause ?? errors?.[0];
  return typeof inner === "object" && inner !== null ? rootOf(inner) : (error as object);
}

/** Explains a response other than success. */
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
      problem: `refuses the login: ${says}`,
      remedy: "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    });
  }
  if (status >= 300 && status < 400) {
    return new SendError({
      place: address,
      problem: `redirects to ${headers.get("location") ?? "nowhere"}`,
      remedy: "If you trust that address, give it with --mlflow.",
    });
  }
  if (status === 404) {
    return new SendError({
      place: address,
      problem: `has no MLflow at this address: ${says}`,
      remedy: "Give the address of the tracking server, such as http://localhost:5000.",
    });
  }
  return new SendError({
    place: address,
    problem: says,
    remedy: "Read the server's log, fix the problem, and export again.",
  });
}

/** The message in MLflow's JSON; for another body, its first words. */
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
