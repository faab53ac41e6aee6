/** Entry of a worker runtime's thread: compiles and runs, one request after the other. */
import { parentPort } from "node:worker_threads";
import { packError } from "../../errors/index.js";
import { compile } from "../compile.js";
import { layoutInUse } from "../layouts.js";
import type { Feeds, Program } from "../program.js";
import { END, type WorkerReply, type WorkerRequest } from "./messages.js";

/** With what each is fed where a run names nothing else. */
const programs = new Map<number, { readonly program: Program; feeds: Feeds }>();

async function answer(request: WorkerRequest): Promise<WorkerReply> {
  const { id } = request;
  if (request.kind === "compile") {
    const program = await compile(request.graph, request.options);
    programs.set(request.program, { program, feeds: {} });
    const { name, inputs, outputs, onCpu = [] } = program;
    return { id, kind: "compiled", signature: { name, inputs, outputs, onCpu, layout: layoutInUse() } };
  }
  const known = programs.get(request.program)!;
  if (request.kind === "run") {
    known.feeds = { ...known.feeds, ...request.feeds };
    return { id, kind: "ran", outputs: await known.program.run(known.feeds, request.fetch) };
  }
  programs.delete(request.program);
  await known.program.dispose();
  return { id, kind: "disposed" };
}

async function reply(request: WorkerRequest): Promise<void> {
  try {
    const made = await answer(request);
    const buffers = made.kind === "ran" ? Object.values(made.outputs).map(({ data }) => data.buffer) : [];
    parentPort?.postMessage(made, [...new Set(buffers)] as ArrayBuffer[]);
  } catch (error) {
    const failed: WorkerReply = { id: request.id, kind: "failed", failure: packError(error) };
    parentPort?.postMessage(failed);
  }
}

let last = Promise.resolve();
parentPort?.on("message", (request: WorkerRequest | typeof END) => {
  // A message is heard between two native calls: what waits is left undone.
  if (request === END) process.exit();
  last = last.then(() => reply(request));
});
