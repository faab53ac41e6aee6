/** Sessions on a device other than the CPU. */
import { InputError } from "../../errors/index.js";
import { tensor, type DType } from "../../tensor/index.js";
import { DEVICES, type DeviceName } from "../devices.js";
import { InferenceSession, listSupportedBackends, Tensor } from "../onnxruntime.js";
import { sessionOptions } from "../session-options.js";
import { placementOf } from "./placement.js";

export type OtherDevice = Exclude<DeviceName, "cpu">;

export interface DeviceSession {
  readonly session: InferenceSession;
  /** Operators that ran on the CPU since the device has no kernel for them. */
  readonly onCpu: readonly string[];
}

/** What ONNX Runtime says where nodes are left for the CPU and that is forbidden. */
const LEFT_FOR_CPU = /fallback to CPU EP has been explicitly disabled/;

/** Static shapes only (8), in the newer format (16), whose float32 stays float32. */
const CORE_ML_FLAGS = 0x008 | 0x010;

/**
 * Opens a model on a device: all of it, or as much as the device has kernels for; the rest is then found out and told. It is
 * never run on the CPU as a whole.
 *
 * @param known what was found to be left for the CPU before.
 * @throws InputError where the device cannot be had.
 */
export async function openOn(
  device: OtherDevice,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
  known: readonly string[] = [],
): Promise<DeviceSession> {
  checkShipped(device);
  const { extra, ...common } = sessionOptions({});
  const open = (more: InferenceSession.SessionOptions, whole: boolean): Promise<InferenceSession> =>
    InferenceSession.create(model as Uint8Array, {
      ...common,
      ...options,
      ...more,
      executionProviders: [providerOf(device)],
      extra: whole ? { session: { ...extra!["session"]!, disable_cpu_ep_fallback: "1" } } : extra!,
    });
  if (known.length > 0) return { session: await open({}, false), onCpu: known };
  try {
    return { session: await open({}, true), onCpu: [] };
  } catch (cause) {
    if (!LEFT_FOR_CPU.test(String(cause))) throw cause;
  }
  const { session, onCpu, elsewhere } = await placementOf(
    (profiled) => open(profiled, false),
    (opened) => opened.run(zerosFor(opened)),
  );
  if (elsewhere > 0) return { session, onCpu };
  await session.release();
  throw new InputError({
    place: `device ${device}`,
    problem: `has no kernel for any of the model's operators: ${onCpu.join(", ")}`,
    remedy: "Leave out --device, or give --device cpu.",
  });
}

function providerOf(device: OtherDevice): InferenceSession.ExecutionProviderConfig {
  return device === "coreml" ? { name: device, coreMlFlags: CORE_ML_FLAGS } : device;
}

/** @throws InputError where onnxruntime-node for this platform does not have the device. */
export function checkShipped(device: DeviceName): void {
  const shipped = shippedDevices();
  if (shipped.includes(device)) return;
  const here = `${process.platform} ${process.arch}`;
  throw new InputError({
    place: `device ${device}`,
    problem: `is not in onnxruntime-node for ${here}, which has ${shipped.join(", ")}`,
    remedy: `${device} is for ${DEVICES[device].title}, on ${DEVICES[device].platforms.join(", ")}. Here give --device ${shipped.join(" or ")}.`,
  });
}

/** Devices that onnxruntime-node for this platform has; whether they load is another question. */
export function shippedDevices(): DeviceName[] {
  const listed = new Set(listSupportedBackends().map(({ name }) => name));
  return (Object.keys(DEVICES) as DeviceName[]).filter((name) => listed.has(name));
}

/** Zeros of every input: for a run that shows what runs where. */
function zerosFor({ inputMetadata }: InferenceSession): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of inputMetadata) {
    if (!input.isTensor) continue;
    const shape = input.shape.map((dim) => (typeof dim === "number" ? dim : 1));
    const { data } = tensor(input.type as DType, shape);
    feeds[input.name] = new Tensor(input.type as "float32", data as Float32Array, shape);
  }
  return feeds;
}
