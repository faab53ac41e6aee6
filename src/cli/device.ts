/** The option for the device that models run on. */
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
 * Opens the requested device; undefined for the CPU. Warns about operators that it leaves to the CPU.
 *
 * @throws InputError if it is not available.
 */
export async function openAskedDevice(
  { device }: DeviceOptions,
  terminal: Pick<Terminal, "warn">,
): Promise<Device | undefined> {
  if (device === undefined || device === "cpu") return undefined;
  const { openDevice } = await import("../runtime/index.js");
  return openDevice(device, { onCpu: warnOfCpu(terminal) });
}

/** Warns about operators that a device leaves to the CPU. */
export function warnOfCpu(terminal: Pick<Terminal, "warn">): (operators: readonly string[]) => void {
  return (operators) =>
    terminal.warn(`the device has no kernel for ${operators.join(", ")}; these operators run on the CPU`);
}
