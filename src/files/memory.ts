import { freemem } from "node:os";

/** Bytes that this process may still take: what is free, and no more than its container has left. */
export function availableMemory(): number {
  // In Node from 20.13 and 22 on.
  const known = (process as { availableMemory?: () => number }).availableMemory?.();
  return known ?? freemem();
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `8GB`, `8 GiB`, `512m` → bytes, in powers of 1024; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(text) ?? [];
  if (number === undefined) return undefined;
  const bytes = Number(number) * UNITS[unit!.toUpperCase()]!;
  return bytes >= 1 ? Math.floor(bytes) : undefined;
}

/** 9.1 GB; powers of 1024. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? (["GB", 2 ** 30] as const) : (["MB", 2 ** 20] as const);
  const value = bytes / size;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
