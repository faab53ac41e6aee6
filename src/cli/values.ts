/** Parses what users type. Every error names the option and shows an example. */
import { InvalidArgumentError, Option } from "commander";
import { parseBytes } from "../files/memory.js";
import {
  accepts,
  COUNT,
  describeRule,
  NOT_NEGATIVE,
  POSITIVE,
  SHARE,
  SHARE_ABOVE_ZERO,
  whole as wholeRule,
  type NumberRule,
} from "../options/index.js";

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

/** Reads a number within the bounds of a rule. */
export function number(rule: NumberRule): (text: string) => number {
  return (text) => {
    const meant = meantShare(rule, text);
    const value = rule.whole === true ? wholeNumber(text) : meant === undefined ? fraction(text) : NaN;
    if (accepts(rule, value)) return value;
    const hint = meant === undefined ? "." : `: did you mean ${meant}?`;
    throw new InvalidArgumentError(`It must be ${describeRule(rule)}${hint}`);
  };
}

/** NaN if it is not a number. */
function wholeNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** The share that was probably meant by a percentage, such as `50` or `5%`. */
function meantShare({ most, below, whole: isWhole }: NumberRule, text: string): number | undefined {
  const [, digits, sign] = /^\s*([\d.]+)\s*(%?)\s*$/.exec(text) ?? [];
  if (isWhole === true || (most !== 1 && below !== 1) || digits === undefined) return undefined;
  const percent = Number(digits);
  if (percent > 100 || (sign === "" && percent <= 1)) return undefined;
  return Number((percent / 100).toPrecision(12));
}

export const positive: (text: string) => number = number(POSITIVE);
export const share: (text: string) => number = number(SHARE);
export const shareAboveZero: (text: string) => number = number(SHARE_ABOVE_ZERO);
export const notNegative: (text: string) => number = number(NOT_NEGATIVE);
export const count: (text: string) => number = number(COUNT);
export const countOrNone: (text: string) => number = number(wholeRule(0));

export function whole(least: number, most?: number): (text: string) => number {
  return number(wholeRule(least, most));
}

/** Seeds of the generator have 32 bits. */
export const seed: (text: string) => number = whole(0, 2 ** 32 - 1);

/** More threads or processes than any machine has are a typing error, and would bring this one down. */
export const workers: (text: string) => number = whole(1, 1024);

/** An option with a choice of words, in any case. */
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

/** `8GB`: bytes. */
export function bytes(text: string): number {
  const value = parseBytes(text);
  if (value === undefined) throw new InvalidArgumentError("It must be a size with MB or GB, such as 8GB.");
  return value;
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

/** ε in its familiar form: a short decimal, or 8/255 if it is a whole number of gray levels. */
export function formatEpsilon(epsilon: number): string {
  if (Math.abs(Number(epsilon.toFixed(4)) - epsilon) < 1e-9) return String(Number(epsilon.toFixed(4)));
  const levels = epsilon * 255;
  const whole = Math.abs(levels - Math.round(levels)) < 1e-6 && Math.round(levels) < 128;
  return whole && epsilon !== 0 ? `${Math.round(levels)}/255` : String(Number(epsilon.toPrecision(6)));
}
