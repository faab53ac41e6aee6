import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** Where Linux keeps what a container may use; other systems have none of it. */
const CGROUPS = { mount: "/sys/fs/cgroup", own: "/proc/self/cgroup" } as const;

/**
 * Cores that this process may use at once: those that it may run on, and no more than a container's quota pays for. A quota
 * of 1.5 cores is one: a thread more would be stopped in every period, and the others would wait for it.
 */
export function coreCount(cgroups: Readonly<Record<keyof typeof CGROUPS, string>> = CGROUPS): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), quotaOf(cgroups))));
}

/** CPU time a second of wall time; infinite where nothing limits it. */
function quotaOf({ mount, own }: Readonly<Record<keyof typeof CGROUPS, string>>): number {
  const groups = (textOf(own) ?? "").split("\n").map((line) => line.split(":"));
  // Version 2: its own group and every group around it. Inside a container the mount itself is the container's.
  const path = groups.find(([id, controllers]) => id === "0" && controllers === "")?.[2] ?? "/";
  const names = path.split("/").filter((name) => name !== "");
  const unified = Array.from({ length: names.length + 1 }, (_, depth) => {
    const [quota, period] = numbersOf(join(mount, ...names.slice(0, depth), "cpu.max"));
    return ratio(quota, period);
  });
  // Version 1.
  const [[quota], [period]] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((name) =>
    numbersOf(join(mount, "cpu", name)),
  ) as [number[], number[]];
  return Math.min(ratio(quota, period), ...unified);
}

/** `max`, −1 and what is missing limit nothing. */
function ratio(quota = NaN, period = NaN): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

const numbersOf = (path: string): number[] => (textOf(path) ?? "").trim().split(/\s+/).map(Number);

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
