/** What users type, turned into numbers; every refusal names the option and shows an example. */
import { InvalidArgumentError } from "commander";

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

/** A whole number from 1 up. */
export function count(text: string): number {
  return wholeFrom(text, 1);
}

/** A whole number from 0 up. */
export function countOrNone(text: string): number {
  return wholeFrom(text, 0);
}

function wholeFrom(text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`It must be a whole number from ${least} up.`);
  }
  return value;
}

/** `0.1,0.2,0.3` */
export function fractions(text: string): number[] {
  return text.split(",").map(positive);
}

/** `10,40,100` */
export function counts(text: string): number[] {
  return text.split(",").map(count);
}

/** `64` or `48x64` (height × width). */
export function imageSize(text: string): { height: number; width: number } {
  const [height = "", width = height, ...more] = text.split(/[x×]/i);
  if (more.length > 0) throw new InvalidArgumentError("It must be like 64 or 48x64 (height × width).");
  return { height: count(height), width: count(width) };
}

/** ε in the form a reader knows: a short decimal, or 8/255 when it is that many gray levels. */
export function formatEpsilon(epsilon: number): string {
  if (Math.abs(Number(epsilon.toFixed(4)) - epsilon) < 1e-9) return String(Number(epsilon.toFixed(4)));
  const levels = epsilon * 255;
  const whole = Math.abs(levels - Math.round(levels)) < 1e-6 && Math.round(levels) < 128;
  return whole && epsilon !== 0 ? `${Math.round(levels)}/255` : String(Number(epsilon.toPrecision(6)));
}
