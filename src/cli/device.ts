/** What models run on. */
import type { Option } from "commander";
import type { Device } from "../runtime/index.js";
import { DEVICES, type DeviceName } from "../runtime/devices.js";
import type { Terminal } from "./terminal.js";
import { oneOf } from "./values.js";

export interface DeviceOptions {
  readonly device?: DeviceName;
}

export function deviceOption(): Option {
  return oneOf(
    "--device <name>",
    "device to run the model on; holdfast devices lists them (default: cpu)",
    Object.keys(DEVICES),
  );
}

/**
 * The device that was asked for, opened; undefined for the CPU. Operators that it leaves to the CPU are warned of.
 *
 * @throws InputError where it cannot be had.
 */
export async function openAskedDevice(
  { device }: DeviceOptions,
  terminal: Pick<Terminal, "warn">,
): Promise<Device | undefined> {
  if (device === undefined || device === "cpu") return undefined;
  const { openDevice } = await import("../runtime/index.js");
  return openDevice(device, { onCpu: warnOfCpu(terminal) });
}

/** Warns of operators that a device leaves to the CPU. */
export function warnOfCpu(terminal: Pick<Terminal, "warn">): (operators: readonly string[]) => void {
  return (operators) =>
    terminal.warn(`the device has no kernel for ${operators.join(", ")}; these operators run on the CPU`);
}
