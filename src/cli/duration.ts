import { InvalidArgumentError } from "commander";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600 };

/** `90`, `90s`, `2m`, `1.5h`: seconds, above 0. */
export function duration(text: string): number {
  const [, number = "", unit = "s"] = /^\s*(\d+\.?\d*|\.\d+)\s*(s|m|min|h)?\s*$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit]!;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("It must be a time above 0, such as 90s, 2m or 1h.");
}
