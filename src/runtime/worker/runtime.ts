import { Worker } from "node:worker_threads";
import { unpackError } from "../../errors/index.js";
import type { Graph } from "../../graph/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";
import { checkFeeds } from "../feeds.js";
import { noteLayout } from "../layouts.js";
import type { CompileOptions, Feeds, Program } from "../program.js";
import { END, type Signature, type WorkerReply, type WorkerRequest } from "./messages.js";

/**
 * Programs that run in a thread of their own. Holds the thread: dispose of it, before `process.exit` too. A process that is ended
 * while the thread is within a run aborts.
 */
export interface WorkerRuntime {
  /** As `compile`; the program's `run` does not block the calling thread. */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Rejects what is under way, and ends the thread after the run that is under way. */
  dispose(): Promise<void>;
}

/** A request before it has its number. */
type Asked = WorkerRequest extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

interface Waiting {
  resolve(reply: WorkerReply): void;
  reject(error: Error): void;
}

/**
 * Starts a worker thread that compiles and runs programs: timers, sockets and signals of
 * the calling thread go on meanwhile. Feeds are copied, outputs are handed over.
 */
export function createWorkerRuntime(): WorkerRuntime {
  const worker = new Worker(new URL("./thread.js", import.meta.url));
  const waiting = new Map<number, Waiting>();
  let [ended, count]: [Error | undefined, number] = [undefined, 0];
  let hasExited = false;
  const end = (reason: Error): void => {
    ended ??= reason;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  const ask = (request: Asked): Promise<WorkerReply> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = ++count;
      waiting.set(id, { resolve, reject });
      // A thread that works keeps the process alive; an idle one does not.
      worker.ref();
      worker.postMessage({ ...request, id });
    });
  worker.unref();
  worker.on("message", (reply: WorkerReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    // The end of a thread that was asked to end is waited for.
    if (waiting.size === 0 && ended === undefined) worker.unref();
    if (reply.kind === "failed") asked?.reject(unpackError(reply.failure, "the runtime's worker"));
    else asked?.resolve(reply);
  });
  worker.on("error", (cause) => end(new Error("the runtime's worker failed", { cause })));
  worker.on("exit", (code) => {
    hasExited = true;
    end(new Error(`the runtime's worker ended with code ${code}`));
  });
  let programs = 0;
  return {
    async compile(graph, options = {}) {
      const program = ++programs;
      const reply = await ask({ kind: "compile", program, graph, options });
      const { signature } = reply as Extract<WorkerReply, { kind: "compiled" }>;
      noteLayout(signature.layout);
      return remote(program, signature, options, ask);
    },
    async dispose() {
      end(new Error("the worker runtime was disposed of"));
      // A thread that is terminated within a native call takes the process with it, so it is asked to end.
      await new Promise<void>((resolve) => {
        if (hasExited) return resolve();
        worker.ref();
        worker.once("exit", () => resolve());
        worker.postMessage(END);
      });
    },
  };
}

function remote(
  program: number,
  { name, inputs, outputs, onCpu }: Signature,
  { steady = [] }: CompileOptions,
  ask: (request: Asked) => Promise<WorkerReply>,
): Program {
  let disposed = false;
  let last: Feeds = {};
  return {
    name,
    inputs,
    outputs,
    onCpu,
    async run(feeds, fetch) {
      if (disposed) throw new Error(`program "${name}" was disposed of`);
      checkFeeds(name, inputs, feeds);
      const fresh = inputs.filter((input) => feeds[input.name] !== last[input.name]);
      const wanted = Object.fromEntries(fresh.map((input) => [input.name, compact(feeds[input.name]!)]));
      last = Object.fromEntries(steady.map((input) => [input, feeds[input]!]));
      const reply = await ask({ kind: "run", program, feeds: wanted, fetch });
      return (reply as Extract<WorkerReply, { kind: "ran" }>).outputs;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await ask({ kind: "dispose", program });
    },
  };
}

/** Posting a view copies all of the buffer behind it. */
function compact(fed: Tensor): Tensor {
  const { data } = fed;
  return data.byteLength === data.buffer.byteLength ? fed : tensor(fed.dtype, fed.shape, data.slice());
}
