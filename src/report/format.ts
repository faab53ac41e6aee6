import { normLabel } from "../attacks/cards/index.js";
import type { Interval, ScoredImages, Score, ThreatInfo } from "../evaluation/index.js";

export { percent } from "../evaluation/results.js";

/** `92.8 – 95.7 %` */
export function interval({ low, high }: Interval): string {
  return `${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)} %`;
}

/** `943 of 1000` */
export function counted({ correct, n }: Score): string {
  return `${correct} of ${n}`;
}

/** `0.3`, or `8/255` if it is a whole number of gray levels and not a short decimal. */
export function epsilon(value: number): string {
  if (Math.abs(Number(value.toFixed(4)) - value) < 1e-9) return String(Number(value.toFixed(4)));
  const levels = Math.round(value * 255);
  const whole = Math.abs(value * 255 - levels) < 1e-4 && levels < 128 && levels > 0;
  return whole ? `${levels}/255` : String(Number(value.toPrecision(4)));
}

export function threat({ norm, epsilon: radius }: ThreatInfo): string {
  return `${normLabel(norm)}, ε = ${epsilon(radius)}`;
}

/** `0.1534`; `none found` if it is infinite. */
export function distance(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return value === Infinity ? "none found" : String(Number(value.toPrecision(4)));
}

/** 1234567 → `1 234 567`, with thin spaces. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** Seconds as `< 1 s`, `48 s`, `3 min 05 s`, `2 h 07 min`. */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return "< 1 s";
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** The name of a label or a prediction; `NaN` if the model predicted no class. */
export function className({ classNames }: Pick<ScoredImages, "classNames">, label: number): string {
  return label < 0 ? "NaN" : (classNames[label] ?? String(label));
}
