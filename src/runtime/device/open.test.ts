import { describe, expect, it } from "vitest";
import { GraphBuilder, modelFromGraph, type Graph } from "../../graph/index.js";
import { writeModel } from "../../onnx/index.js";
import { float32 } from "../../tensor/index.js";
import { DEVICES, listDevices, openDevice, runtimeInfo, type DeviceName } from "../index.js";
import { InferenceSession, Tensor } from "../onnxruntime.js";
import { placementIn, placementOf } from "./placement.js";
import { shippedDevices } from "./session.js";

const missing = (Object.keys(DEVICES) as DeviceName[]).find((name) => !shippedDevices().includes(name))!;

function relu(): Graph {
  const g = new GraphBuilder("relu");
  g.output(g.op("Relu", [g.input("x", "float32", [2])], {}, { name: "y" }));
  return g.build();
}

describe("devices", () => {
  it("refuses what this platform's build does not have, with what it has", async () => {
    await expect(openDevice(missing)).rejects.toThrow(
      new RegExp(
        `device ${missing}: is not in onnxruntime-node for ${process.platform} ${process.arch}, which has cpu`,
      ),
    );
  });

  it("lists every device, with what the others lack", async () => {
    const listed = await listDevices();
    expect(listed.map(({ name }) => name)).toEqual(Object.keys(DEVICES));
    expect(listed[0]).toMatchObject({ name: "cpu", available: true });
    for (const { available, problem } of listed) expect(problem === undefined).toBe(available);
  });

  it("are recorded where it was not the CPU", () => {
    expect(runtimeInfo(1, { name: "cpu", onCpu: [] })).not.toHaveProperty("device");
    const device = { name: "cuda", onCpu: ["Mod"] } as const;
    expect(runtimeInfo(1, device).device).toEqual(device);
  });

  it("include the CPU, which is opened in the same way", async () => {
    const device = await openDevice("cpu");
    const program = await device.compile(relu(), { threads: 1 });
    expect((await program.run({ x: float32([2], [-1, 2]) }))["y"]).toEqual(float32([2], [0, 2]));
    await program.dispose();
    expect(device.use()).toEqual({ name: "cpu", onCpu: [] });
  });
});

describe("placement", () => {
  it("is read from the profile of a run", async () => {
    const bytes = writeModel(modelFromGraph(relu()));
    const { session, ...placed } = await placementOf(
      (options) => InferenceSession.create(bytes, { ...options, logSeverityLevel: 4 }),
      (opened) => opened.run({ x: new Tensor("float32", Float32Array.of(-1, 1), [2]) }),
    );
    expect(placed).toEqual({ onCpu: ["Relu"], elsewhere: 0 });
    await session.release();
  });

  it("counts no copies between the memories", () => {
    const event = (op_name: string, provider: string): object => ({
      cat: "Node",
      args: { op_name, provider },
    });
    const profile = [
      { cat: "Session", args: {} },
      event("MemcpyToHost", "WebGpuExecutionProvider"),
      event("LRN", "CPUExecutionProvider"),
      event("LRN", "CPUExecutionProvider"),
      event("Conv", "WebGpuExecutionProvider"),
    ];
    expect(placementIn(JSON.stringify(profile))).toEqual({ onCpu: ["LRN"], elsewhere: 1 });
  });
});
