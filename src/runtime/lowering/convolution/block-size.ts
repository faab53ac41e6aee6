import { InferenceSession, Tensor } from "../../onnxruntime.js";
import { GraphBuilder, modelFromGraph } from "../../../graph/index.js";
import { writeModel } from "../../../onnx/index.js";

/** ONNX Runtime's own domain for operators of its blocked layout. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** Channels of a block in ONNX Runtime: 8 floats of an AVX register, 16 of an AVX-512 one. */
const BLOCK_SIZES = [8, 16] as const;

let found: Promise<number | undefined> | undefined;

/**
 * Channels of a block in ONNX Runtime's blocked layout on this processor; undefined where it has no such layout.
 * Found by having it reorder an image whose pixels are their own places.
 */
export function blockSize(): Promise<number | undefined> {
  found ??= probe();
  return found;
}

async function probe(): Promise<number | undefined> {
  const [channels, pixels] = [2 * Math.max(...BLOCK_SIZES), 3];
  const shape = [1, channels, 1, pixels];
  const g = new GraphBuilder("block-size");
  g.output(g.op("Identity", [g.input("image", "float32", shape)], {}, { name: "blocked" }));
  const { graph, ...model } = modelFromGraph(g.build());
  const nodes = graph.nodes.map((node) => ({ ...node, opType: "ReorderInput", domain: BLOCKED_DOMAIN }));
  const opsets = new Map([...model.opsets, [BLOCKED_DOMAIN, 1]] as const);
  const bytes = writeModel({ ...model, opsets, graph: { ...graph, nodes } });
  const places = Float32Array.from({ length: channels * pixels }, (_, i) => i);
  const blocked = await reordered(bytes, new Tensor("float32", places, shape));
  return blocked && BLOCK_SIZES.find((block) => isInBlocks(blocked, block, pixels));
}

/** The image in blocks; undefined where ONNX Runtime has no such operator: convolutions then run as they are. */
async function reordered(model: Uint8Array, image: Tensor): Promise<Float32Array | undefined> {
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    const { blocked } = await session.run({ image });
    return blocked!.data as Float32Array;
  } catch {
    return undefined;
  } finally {
    await session?.release();
  }
}

/** Whether place [B, p, c] holds pixel p of channel B · block + c. */
function isInBlocks(data: Float32Array, block: number, pixels: number): boolean {
  return data.every((place, i) => {
    const [group, rest] = [Math.floor(i / (block * pixels)), i % (block * pixels)];
    return place === (group * block + (rest % block)) * pixels + Math.floor(rest / block);
  });
}
