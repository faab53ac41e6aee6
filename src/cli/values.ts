/** What users type, turned into numbers; every refusal names the option and shows an example. */
import { InvalidArgumentError, Option } from "commander";

/** A number or a fraction: `0.3`, `.3`, `8/255`, `5e-3`. */
export function fraction(text: string): number {
  const match = /^\s*([^/\s]+)\s*(?:\/\s*([^/\s]+))?\s*$/.exec(text);
  const [numerator, denominator] = [Number(match?.[1] ?? NaN), Number(match?.[2] ?? 1)];
  const value = numerator / denominator;
  if (!Number.isFinite(value)) {
    throw new InvalidArgumentError("It must be a number or a fraction, such as 0.3 or 8/255.");
  }
  return value;
}

/** A positive number or fraction. */
export function positive(text: string): number {
  const value = fraction(text);
  if (value <= 0) throw new InvalidArgumentError("It must be above 0.");
  return value;
}

/** A number from 0 up. */
export function notNegative(text: string): number {
  const value = fraction(text);
  if (value < 0) throw new InvalidArgumentError("It must not be below 0.");
  return value;
}

/** A number in [0, 1]. */
export function share(text: string): number {
  const percent = /^\s*([\d.]+)\s*%\s*$/.exec(text)?.[1];
  const value = percent === undefined ? fraction(text) : Number(percent);
  if (percent === undefined && value >= 0 && value <= 1) return value;
  const meant = value >= 0 && value <= 100 ? `: did you mean ${Number((value / 100).toPrecision(12))}?` : ".";
  throw new InvalidArgumentError(`It is a share from 0 to 1${meant}`);
}

/** A number in [0, 1). */
export function shareBelowOne(text: string): number {
  const value = share(text);
  if (value === 1) throw new InvalidArgumentError("It must be below 1.");
  return value;
}

/** A number in (0, 1]. */
export function shareAboveZero(text: string): number {
  const value = share(text);
  if (value === 0) throw new InvalidArgumentError("It must be above 0.");
  return value;
}

/** Takes a number in [0, `most`]. */
export function upTo(most: number): (text: string) => number {
  return (text) => {
    const value = fraction(text);
    if (value < 0 || value > most) throw new InvalidArgumentError(`It must be from 0 to ${most}.`);
    return value;
  };
}

/** A whole number from 1 up. */
export function count(text: string): number {
  return whole(1)(text);
}

/** A whole number from 0 up. */
export function countOrNone(text: string): number {
  return whole(0)(text);
}

/** Takes a whole number in [`least`, `most`]. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** What the generator takes: 32 bits. */
export const seed: (text: string) => number = whole(0, 2 ** 32 - 1);

/** More threads or processes than any machine has were mistyped, and bring this one down. */
export const workers: (text: string) => number = whole(1, 1024);

/** An option of some words, in whatever case they are typed. */
export function oneOf(flags: string, description: string, words: readonly string[]): Option {
  const option = new Option(flags, description).choices(words);
  const parse = option.parseArg!;
  const same = (text: string): string =>
    words.find((word) => word.toLowerCase() === text.trim().toLowerCase()) ?? text;
  return option.argParser((text, previous: unknown) => parse(same(text), previous));
}

/** `0.1,0.2,0.3` */
export function fractions(text: string): number[] {
  return text.split(",").map(positive);
}

/** `10,40,100` */
export function counts(text: string): number[] {
  return text.split(",").map(count);
}

/** `2/4`: the second of four. */
export function shard(text: string): { index: number; count: number } {
  const [index = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text)?.slice(1) ?? []).map(Number);
  if (index < 1 || index > of) throw new InvalidArgumentError("It must be like 2/4: the second of four.");
  return { index, count: of };
}

/** `90s`, `10m`, `1h`, `1h30m` in seconds. */
export function duration(text: string): number {
  const match = /^\s*(?:([\d.]+)\s*h)?\s*(?:([\d.]+)\s*m(?:in)?)?\s*(?:([\d.]+)\s*s)?\s*$/i.exec(text);
  const [hours, minutes, seconds] = [1, 2, 3].map((i) => Number(match?.[i] ?? 0)) as [number, number, number];
  const value = hours * 3600 + minutes * 60 + seconds;
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be a time such as 90s, 10m, 1h or 1h30m.");
}

const side = whole(1, 4096);

/** `64` or `48x64` (height × width). */
export function imageSize(text: string): { height: number; width: number } {
  const [height = "", width = height, ...more] = text.split(/[x×]/i);
  if (more.length > 0) throw new InvalidArgumentError("It must be like 64 or 48x64 (height × width).");
  return { height: side(height), width: side(width) };
}

/** ε in the form a reader knows: a short decimal, or 8/255 when it is that many gray levels. */
export function formatEpsilon(epsilon: number): string {
  if (Math.abs(Number(epsilon.toFixed(4)) - epsilon) < 1e-9) return String(Number(epsilon.toFixed(4)));
  const levels = epsilon * 255;
  const whole = Math.abs(levels - Math.round(levels)) < 1e-6 && Math.round(levels) < 128;
  return whole && epsilon !== 0 ? `${Math.round(levels)}/255` : String(Number(epsilon.toPrecision(6)));
}
