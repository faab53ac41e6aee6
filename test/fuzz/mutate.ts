import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type ModelProto } from "../../src/onnx/generated/onnx_pb.js";
import type { RandomStream } from "../../src/tensor/index.js";

/** Numbers at which arithmetic on sizes, axes and lengths breaks. */
const NUMBERS = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  7n,
  64n,
  65n,
  255n,
  1000n,
  65_536n,
  1_000_000n,
  10n ** 9n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  -2n,
  -3n,
  -1000n,
  -(2n ** 31n),
  -(2n ** 63n),
  -(2n ** 63n) + 1n,
];
const FLOATS = [0, -0, 1, -1, 0.5, 1e30, -1e30, 1e-40, NaN, Infinity, -Infinity];
const TEXTS = [
  "",
  "__proto__",
  "constructor",
  "x",
  "N",
  "SAME_UPPER",
  "VALID",
  "reflect",
  "\u0000",
  "a/b",
  "é",
];

/** The model with `times` of its fields changed, whatever they are: numbers, names, lists, whole messages. */
export function mutateFields(bytes: Uint8Array, random: RandomStream, times: number): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  for (let i = 0; i < times; i++) mutateOne(model, random);
  try {
    return toBinary(ModelProtoSchema, model);
  } catch {
    // A change that no file can hold, such as 2^63 in a field of 32 bits.
    return bytes;
  }
}

type Fields = Record<string, unknown>;
interface Place {
  readonly holder: Fields | unknown[];
  readonly key: string | number;
}

function mutateOne(model: ModelProto, random: RandomStream): void {
  const places: Place[] = [];
  collect(model.graph as unknown as Fields, places);
  collect({ opsetImport: model.opsetImport, metadataProps: model.metadataProps }, places);
  const { holder, key } = places[random.integer(places.length)]!;
  const at = holder as Fields;
  at[key] = changed(at[key], model, random);
}

function collect(holder: Fields | unknown[], places: Place[]): void {
  for (const [key, value] of Object.entries(holder)) {
    if (key.startsWith("$")) continue;
    places.push({ holder, key });
    const nested = typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
    if (nested) collect(value as Fields, places);
  }
}

function changed(value: unknown, model: ModelProto, random: RandomStream): unknown {
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  if (typeof value === "bigint") return pick([...NUMBERS, value + 1n, value - 1n]);
  if (typeof value === "number") {
    return pick([...FLOATS, value + 1, value - 1, ...Array.from({ length: 17 }, (_, code) => code)]);
  }
  if (typeof value === "string") return pick([...TEXTS, ...namesOf(model)]);
  if (value instanceof Uint8Array) return mutateBytes(value, random, 1);
  if (Array.isArray(value)) return changedList(value, random);
  return value;
}

function namesOf({ graph }: ModelProto): string[] {
  return graph!.node.flatMap(({ opType, input, output }) => [opType, ...input, ...output]);
}

function changedList(list: readonly unknown[], random: RandomStream): unknown[] {
  const at = random.integer(list.length + 1);
  const copy = [...list];
  switch (random.integer(4)) {
    case 0:
      return [];
    case 1:
      copy.splice(at, 1);
      return copy;
    case 2:
      return [...copy.slice(0, at), ...copy.slice(Math.max(0, at - 1))];
    default:
      return copy.reverse();
  }
}

/** The bytes with `times` small changes: bits, numbers, cuts, insertions, repeats. */
export function mutateBytes(bytes: Uint8Array, random: RandomStream, times: number): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let i = 0; i < times; i++) {
    const at = random.integer(result.length + 1);
    const length = 1 + random.integer(8);
    switch (random.integer(5)) {
      case 0:
        if (at < result.length) result[at]! ^= 1 << random.integer(8);
        break;
      case 1:
        if (at < result.length) result[at] = [0, 1, 127, 128, 255][random.integer(5)]!;
        break;
      case 2:
        result = Uint8Array.from([...result.subarray(0, at), ...result.subarray(at + length)]);
        break;
      case 3:
        result = Uint8Array.from([...result.subarray(0, at), ...result.subarray(Math.max(0, at - length))]);
        break;
      default:
        result = result.slice(0, Math.max(1, at));
    }
  }
  return result;
}
