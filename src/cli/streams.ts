/** The only way to standard output and standard error: makes text printable, and tolerates missing readers. */

const BAD_INPUT = 3;

/** Errors of a stream that nobody reads any more: a closed pipe, a vanished terminal. */
const UNREAD = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

export function writeOut(text: string): void {
  process.stdout.write(printableLines(text));
}

export function writeError(text: string): void {
  process.stderr.write(printableLines(text));
}

/**
 * Keeps the work and its exit code if nobody reads (`holdfast … | head`): what cannot be written is dropped. Losing a
 * result for another reason, such as a full disk, is an error.
 */
export function surviveUnread(): void {
  process.stdout.off("error", outputFailed).on("error", outputFailed);
  process.stderr.off("error", ignore).on("error", ignore);
}

function outputFailed(error: NodeJS.ErrnoException): void {
  if (UNREAD.has(error.code ?? "")) return;
  writeError(`error: standard output: could not be written: ${error.message}\n`);
  process.exitCode = BAD_INPUT;
}

function ignore(): void {}

/** File names may contain anything, so control characters and text-direction marks are shown as their code. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

/** {@link printable}, with its line breaks. JSON stays the same JSON. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
