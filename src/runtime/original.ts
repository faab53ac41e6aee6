import { InputError } from "../errors/index.js";
import { readModelFile, writeModel } from "../onnx/index.js";
import type { Tensor } from "../tensor/index.js";
import { tensor, type DataOf, type DType } from "../tensor/index.js";
import { InferenceSession, Tensor as OrtTensor } from "./onnxruntime.js";
import type { Feeds } from "./program.js";
import { refusal } from "./refusal.js";
import { sessionOptions } from "./session-options.js";

/** A model's file as ONNX Runtime runs it: of any shapes and operators, none of which is known here. */
export interface OriginalModel {
  /** One output, in the shape that it comes to. @throws InputError on what ONNX Runtime refuses. */
  run(feeds: Feeds, output: string): Promise<Tensor>;
  /** Frees the session; a second call does nothing. */
  dispose(): Promise<void>;
}

/** Options of {@link openOriginal}. */
export interface OriginalOptions {
  readonly threads?: number | undefined;
  /** The tensor to read, if it may be inside the file's graph: the probabilities behind a ZipMap. */
  readonly output?: string;
}

/** @throws InputError where ONNX Runtime refuses the file. */
export async function openOriginal(path: string, options: OriginalOptions = {}): Promise<OriginalModel> {
  const session = await opened(path, options).catch((cause: unknown) => {
    throw cause instanceof InputError ? cause : refusal(path, "could not be opened", cause);
  });
  let disposed = false;
  return {
    async run(feeds, output) {
      const converted = Object.entries(feeds).map(
        ([name, { dtype, data, shape }]) =>
          [name, new OrtTensor(dtype as "float32", data as Float32Array, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(converted), [output]).catch((cause: unknown) => {
        throw refusal(path, "could not be run", cause);
      });
      const { type, dims, data } = results[output]!;
      return tensor(type as DType, dims, bitsOf(type, data as DataOf<DType>));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

async function opened(path: string, { threads, output }: OriginalOptions): Promise<InferenceSession> {
  const settings = sessionOptions({ threads });
  const session = await InferenceSession.create(path, settings);
  if (output === undefined || session.outputNames.includes(output)) return session;
  await session.release();
  const model = await readModelFile(path);
  const outputs = model.graph.outputs.filter(({ name }) => name === output);
  return InferenceSession.create(writeModel({ ...model, graph: { ...model.graph, outputs } }), settings);
}

/** Newer Node has an array of float16, which is kept as its bits here. */
function bitsOf(type: string, data: DataOf<DType>): DataOf<DType> {
  if (type !== "float16" || data instanceof Uint16Array) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}
