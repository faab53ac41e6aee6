import { Worker } from "node:worker_threads";
import { unpackError } from "../../errors/index.js";
import type { BatchReply, BatchRequest, WorkerSetup } from "./messages.js";

/** Worker threads that prepare batches. */
export interface WorkerPool {
  /** Pixels of a batch, from the least busy worker. */
  prepare(request: Omit<BatchRequest, "id">): Promise<Float32Array>;
  /** Ends the threads; pending requests are rejected. */
  dispose(): Promise<void>;
}

interface Waiting {
  resolve(images: Float32Array): void;
  reject(error: Error): void;
}

interface Member {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  /** Why it ended, once it has. */
  ended: Error | undefined;
}

/** Starts `count` workers over the same source. */
export function createPool(count: number, setup: WorkerSetup): WorkerPool {
  const members = Array.from({ length: count }, () => startMember(setup));
  let id = 0;
  return {
    prepare(request) {
      const member = members.reduce((best, other) => (other.waiting.size < best.waiting.size ? other : best));
      return new Promise((resolve, reject) => {
        if (member.ended !== undefined) return reject(member.ended);
        member.waiting.set(++id, { resolve, reject });
        // A busy thread keeps the process alive; an idle one does not.
        member.worker.ref();
        member.worker.postMessage({ ...request, id } satisfies BatchRequest);
      });
    },
    async dispose() {
      for (const member of members) end(member, new Error("the loader has been disposed"));
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function startMember(setup: WorkerSetup): Member {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: setup });
  const member: Member = { worker, waiting: new Map(), ended: undefined };
  worker.unref();
  worker.on("message", (reply: BatchReply) => {
    const asked = member.waiting.get(reply.id);
    member.waiting.delete(reply.id);
    if (member.waiting.size === 0) worker.unref();
    if ("failure" in reply) asked?.reject(unpackError(reply.failure, "a loader's worker"));
    else asked?.resolve(reply.images);
  });
  worker.on("error", (cause) => end(member, new Error("a loader's worker failed", { cause })));
  worker.on("exit", (code) => end(member, new Error(`a loader's worker ended with code ${code}`)));
  return member;
}

function end(member: Member, reason: Error): void {
  member.ended ??= reason;
  for (const { reject } of member.waiting.values()) reject(member.ended);
  member.waiting.clear();
}
