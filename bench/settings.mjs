// What the environment sets for benchmarks: THREADS and ROUNDS.
import { availableParallelism } from "node:os";

export const threads = process.env["THREADS"] ?? String(Math.min(2, availableParallelism()));
export const rounds = Number(process.env["ROUNDS"] ?? 3);
