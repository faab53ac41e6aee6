import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** Where Linux keeps a container's limits. Other systems have neither. */
const CGROUPS = { mount: "/sys/fs/cgroup", own: "/proc/self/cgroup" } as const;

/**
 * The number of cores that this process may use at once: those it may run on, limited by a container's quota. A quota
 * of 1.5 cores counts as one, because a second thread would be stopped in every period and the first would wait for it.
 */
export function coreCount(cgroups: Readonly<Record<keyof typeof CGROUPS, string>> = CGROUPS): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), quotaOf(cgroups))));
}

/** CPU seconds per second of wall time; infinite if nothing limits them. */
function quotaOf({ mount, own }: Readonly<Record<keyof typeof CGROUPS, string>>): number {
  const groups = (textOf(own) ?? "").split("\n").map((line) => line.split(":"));
  // Version 2: the process's group and every group around it. Inside a container, the mount is the container's group.
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

/** Quota ÷ period. `max`, −1 and missing values mean no limit. */
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
