import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { History } from "../history.js";
import { crc32c } from "./record.js";
import { tensorboardFiles } from "./tensorboard.js";

const history: History = {
  kind: "training",
  name: "at-alp",
  tool: { name: "holdfast", version: "0.0.0" },
  began: 1700000000.25,
  seconds: 9.5,
  ending: "finished",
  settings: { batchSize: 128, data: "mnist ε", flip: false, warmup: null },
  points: [
    { step: 1, seconds: 0.5, values: { "train/loss": 2.25, "train/accuracy": 0 } },
    { step: 300, seconds: 1.75, values: { "train/loss": NaN, "train/accuracy": 0.1 } },
    { step: 2 ** 40, seconds: 9.5, values: { "validation/clean_accuracy": 0.9375 } },
  ],
  notes: [{ severity: "warning", text: "Step 300: the loss" }],
};

test("a file is what TensorBoard's own writer makes of the same events, byte for byte", () => {
  const [file, ...more] = tensorboardFiles([history]);
  expect([file!.path, more]).toEqual(["at-alp/events.out.tfevents.holdfast", []]);
  const wanted = readFileSync(new URL("../../../test/fixtures/tensorboard.tfevents", import.meta.url));
  expect(Buffer.from(file!.content as Uint8Array).toString("hex")).toBe(wanted.toString("hex"));
});

test("a run under way has no end, and a run without notes no text", () => {
  const [file] = tensorboardFiles([{ ...history, ending: undefined, notes: [] }]);
  const text = Buffer.from(file!.content as Uint8Array).toString("latin1");
  expect(text).toContain("session_start_info");
  expect(text).not.toContain("session_end_info");
  expect(text).not.toContain("notes");
});

test("a training that failed ends as one: the same bytes but for its status, FAILURE = 2", () => {
  const [finished, failed] = (["finished", "failed"] as const).map(
    (ending) => tensorboardFiles([{ ...history, ending, notes: [] }])[0]!.content as Uint8Array,
  );
  const different = [...failed!].flatMap((byte, i) => (byte === finished![i] ? [] : [[finished![i], byte]]));
  // The status, and the four bytes of its record's checksum.
  expect(different[0]).toEqual([1, 2]);
  expect(different.length).toBeLessThanOrEqual(5);
});

test("CRC-32C of RFC 3720's examples", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});
