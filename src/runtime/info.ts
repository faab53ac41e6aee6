import { createRequire } from "node:module";
import { arch, cpus, platform } from "node:os";
import { coreCount } from "../files/index.js";
import type { DeviceUse } from "./devices.js";
import { layoutInUse, type Layout } from "./layouts.js";

/** What computes the numbers, for a result's provenance. */
export interface EngineInfo {
  /** For example `onnxruntime-node`. */
  readonly engine: string;
  readonly engineVersion: string;
  /** For example `node v20.20.2`. */
  readonly host: string;
  /** For example `linux x64`. */
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
  /** Where programs ran, if not on the CPU. */
  readonly device?: DeviceUse | undefined;
  /**
   * How maps lay in memory where gradients of convolutions with constant weights were computed; absent where none were. The
   * same numbers to the last bit need the same layout.
   */
  readonly layout?: Layout | undefined;
}

/** The engine and this machine; `threads` is what a program gets unless told otherwise. */
export function runtimeInfo(threads: number = coreCount(), device?: DeviceUse): EngineInfo {
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return {
    engine: "onnxruntime-node",
    engineVersion: version,
    host: `node ${process.version}`,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? "unknown",
    threads,
    ...(device === undefined || device.name === "cpu" ? {} : { device }),
    layout: layoutInUse(),
  };
}
