import { freemem } from "node:os";

/** The bytes that this process can still allocate: free memory, limited by what its container has left. */
export function availableMemory(): number {
  // Available since Node 20.13 and 22.
  const known = (process as { availableMemory?: () => number }).availableMemory?.();
  return known ?? freemem();
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Parses `8GB`, `8 GiB` or `512m` to bytes, in powers of 1024; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(text) ?? [];
  if (number === undefined) return undefined;
  const bytes = Number(number) * UNITS[unit!.toUpperCase()]!;
  return bytes >= 1 ? Math.floor(bytes) : undefined;
}

/** Formats bytes as in `9.1 GB`, in powers of 1024. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? (["GB", 2 ** 30] as const) : (["MB", 2 ** 20] as const);
  const value = bytes / size;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
