import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "../onnxruntime.js";

/** An event of ONNX Runtime's profile, as far as it is read here. */
interface ProfileEvent {
  readonly cat?: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** Copies between the memories: they are there because of the nodes that are elsewhere. */
const COPIES: ReadonlySet<string> = new Set(["MemcpyFromHost", "MemcpyToHost"]);

/**
 * Types of the operators that a session runs on the CPU, in their order, and whether it runs any elsewhere. ONNX Runtime does not
 * say so to JavaScript, but in the profile of a run.
 *
 * @param open makes the session with these options; the caller has it back, no longer profiled.
 * @param run runs it once.
 */
export async function placementOf(
  open: (options: InferenceSession.SessionOptions) => Promise<InferenceSession>,
  run: (session: InferenceSession) => Promise<unknown>,
): Promise<{
  readonly session: InferenceSession;
  readonly onCpu: readonly string[];
  readonly elsewhere: number;
}> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-placement-"));
  try {
    const session = await open({ enableProfiling: true, profileFilePrefix: join(folder, "profile") });
    try {
      await run(session);
      session.endProfiling();
      const [file] = await readdir(folder);
      return { session, ...placementIn(await readFile(join(folder, file!), "utf8")) };
    } catch (error) {
      await session.release();
      throw error;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads a profile. */
export function placementIn(profile: string): {
  readonly onCpu: readonly string[];
  readonly elsewhere: number;
} {
  const onCpu = new Set<string>();
  let elsewhere = 0;
  for (const { cat, args } of JSON.parse(profile) as readonly ProfileEvent[]) {
    if (cat !== "Node" || args?.provider === undefined || args.op_name === undefined) continue;
    if (COPIES.has(args.op_name)) continue;
    if (args.provider === "CPUExecutionProvider") onCpu.add(args.op_name);
    else elsewhere++;
  }
  return { onCpu: [...onCpu].sort(), elsewhere };
}
