/** Which corruptions to measure, as data. */
import { CORRUPTIONS, SEVERITIES, type ByteImage, type Corruption, type Severity } from "../data/index.js";
import { UsageError } from "../errors/index.js";
import { sha256Of } from "../files/index.js";
import type { CorruptionBaseline } from "./result/index.js";

/** Which corruptions to measure. */
export interface CorruptionOptions {
  /** All by default. */
  readonly kinds?: readonly Corruption[] | undefined;
  /** All five by default. */
  readonly severities?: readonly Severity[] | undefined;
  /** Pictures of frost; by default generated textures. */
  readonly frost?: readonly ByteImage[] | undefined;
  /** What to divide errors by, for mCE. */
  readonly baseline?: CorruptionBaseline | undefined;
}

/** The same with every default filled in. */
export interface CorruptionPlan {
  readonly kinds: readonly Corruption[];
  readonly severities: readonly Severity[];
  /** `made`, or the SHA-256 of the pictures. */
  readonly frost: string;
}

/** Fills in the defaults, in the order of the benchmark. @throws UsageError if a list is empty. */
export function planCorruptions(options: CorruptionOptions): CorruptionPlan {
  const { kinds = CORRUPTIONS, severities = SEVERITIES, frost } = options;
  for (const [place, list] of Object.entries({ corruptions: kinds, severity: severities, frost })) {
    if (list?.length === 0) throw new UsageError({ place, problem: "the list is empty" });
  }
  return {
    kinds: CORRUPTIONS.filter((kind) => kinds.includes(kind)),
    severities: SEVERITIES.filter((severity) => severities.includes(severity)),
    frost: frost === undefined ? "made" : sha256Of(Buffer.concat(frost.map(({ data }) => data))),
  };
}
