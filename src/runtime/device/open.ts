import { GraphBuilder, type Graph } from "../../graph/index.js";
import { float32 } from "../../tensor/index.js";
import { compile } from "../compile.js";
import { DEVICES, type DeviceName, type DeviceUse } from "../devices.js";
import { HoldfastError, InputError } from "../../errors/index.js";
import type { CompileOptions, Program } from "../program.js";
import { formOf, selfChecked, type Compiler } from "./self-check.js";
import { checkShipped } from "./session.js";

/** A device that loads, and computes as the CPU does. */
export interface Device {
  /** `cpu`, `cuda`, … */
  readonly name: DeviceName;
  /** Compiles a graph for it; the first run of each kind of program is checked against the CPU. */
  readonly compile: (graph: Graph, options?: CompileOptions) => Promise<Program>;
  /** What a result records of it, until now. */
  use(): DeviceUse;
}

/** What to be told of a device. */
export interface OpenDeviceOptions {
  /** Told once of every operator that runs on the CPU. */
  readonly onCpu?: ((operators: readonly string[]) => void) | undefined;
}

/**
 * Opens a device and runs a small graph on it. What is compiled with it runs there or fails, but for single operators without a
 * kernel, which are told.
 *
 * @throws InputError where the device is not in this build of onnxruntime-node, or does not load, with what to install.
 */
export async function openDevice(name: DeviceName, options: OpenDeviceOptions = {}): Promise<Device> {
  if (name === "cpu") return { name, compile, use: () => ({ name, onCpu: [] }) };
  checkShipped(name);
  if (name === "cuda") forbidTf32();
  await tryOut(name);
  const onCpu = new Set<string>();
  /** What programs of one form leave for the CPU: each validation of a training compiles its attack again. */
  const left = new Map<string, readonly string[]>();
  const onDevice: Compiler = async (graph, asked) => {
    const form = formOf(graph);
    const program = await compile(graph, { ...asked, device: name, onCpu: left.get(form) ?? [] });
    left.set(form, program.onCpu ?? []);
    const fresh = (program.onCpu ?? []).filter((op) => !onCpu.has(op));
    fresh.forEach((op) => onCpu.add(op));
    if (fresh.length > 0) options.onCpu?.(fresh);
    return program;
  };
  return {
    name,
    compile: selfChecked({ name, onDevice, onCpu: compile }),
    use: () => ({ name, onCpu: [...onCpu].sort() }),
  };
}

/** cuBLAS and cuDNN would else round float32 to 10 bits. They read it when they are loaded. */
function forbidTf32(): void {
  process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
}

async function tryOut(device: DeviceName): Promise<void> {
  try {
    const program = await compile(probe(), { device });
    await program.run({ x: float32([1], [1]) });
    await program.dispose();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { problem, cause } = error;
    const remedy = `${DEVICES[device].remedy} Or give --device cpu.`;
    const said = problem.replace(/^could not be \w+: /, "").replace(/^.* was false\. /, "");
    throw new InputError({ place: `device ${device}`, problem: `does not load: ${said}`, remedy, cause });
  }
}

function probe(): Graph {
  const g = new GraphBuilder("probe");
  const x = g.input("x", "float32", [1]);
  g.output(g.op("Add", [x, x]), "y");
  return g.build();
}

/** A device and whether it can be had here. */
export interface DeviceState {
  /** `cpu`, `cuda`, … */
  readonly name: DeviceName;
  /** What it is for. */
  readonly title: string;
  /** Whether it loads here. */
  readonly available: boolean;
  /** Why not. */
  readonly problem?: string;
}

/** Every device, each tried out. */
export async function listDevices(): Promise<DeviceState[]> {
  const states: DeviceState[] = [];
  for (const name of Object.keys(DEVICES) as DeviceName[]) {
    const { title } = DEVICES[name];
    try {
      await openDevice(name);
      states.push({ name, title, available: true });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      states.push({ name, title, available: false, problem: error.message });
    }
  }
  return states;
}
