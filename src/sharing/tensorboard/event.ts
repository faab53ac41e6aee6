/** Events of TensorBoard (tensorboard/compat/proto/{event,summary,tensor}.proto, plugins/hparams/plugin_data.proto). */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Settings as the HParams tab shows them. */
export type HyperParameter = string | number | boolean;

/** Content of an event: a number, a text in Markdown, or the start or end of a run. */
export type EventValue =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "text"; readonly tag: string; readonly markdown: string }
  | {
      readonly kind: "begin";
      readonly settings: Readonly<Record<string, HyperParameter>>;
      readonly group: string;
      readonly at: number;
    }
  | { readonly kind: "end"; readonly ending: "finished" | "failed"; readonly at: number };

/** The first event of every file, with the version of the format. */
export function versionEvent(wallTime: number): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(wallTime);
  event.tag(3, WireType.LengthDelimited).string("brain.Event:2");
  return event.finish();
}

/** One event with a summary of values. `wallTime` is Unix time in seconds. */
export function summaryEvent(wallTime: number, step: number, values: readonly EventValue[]): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(wallTime);
  if (step !== 0) event.tag(2, WireType.Varint).int64(step);
  within(event, 5, (summary) => {
    for (const value of values) within(summary, 1, (into) => writeValue(into, value));
  });
  return event.finish();
}

/** A message inside a message. */
function within(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

const FLOAT = 1;
const STRING = 7;
/** tensorboard.hparams.Status */
const STATUS = { finished: 1, failed: 2 } as const;

function writeValue(value: BinaryWriter, said: EventValue): void {
  const tag = (name: string): void => void value.tag(1, WireType.LengthDelimited).string(name);
  switch (said.kind) {
    case "scalar":
      tag(said.tag);
      value.tag(2, WireType.Bit32).float(said.value);
      return;
    case "text":
      tag(said.tag);
      within(value, 8, (tensor) => {
        tensor.tag(1, WireType.Varint).int32(STRING);
        within(tensor, 2, () => {});
        tensor.tag(8, WireType.LengthDelimited).string(said.markdown);
      });
      within(value, 9, (metadata) => writePlugin(metadata, "text"));
      return;
    case "begin":
      tag("_hparams_/session_start_info");
      writeHyperParameters(value, (content) =>
        within(content, 3, (start) => {
          for (const [key, setting] of Object.entries(said.settings)) {
            within(start, 1, (entry) => {
              entry.tag(1, WireType.LengthDelimited).string(key);
              within(entry, 2, (into) => writeSetting(into, setting));
            });
          }
          start.tag(4, WireType.LengthDelimited).string(said.group);
          start.tag(5, WireType.Bit64).double(said.at);
        }),
      );
      return;
    case "end":
      tag("_hparams_/session_end_info");
      writeHyperParameters(value, (content) =>
        within(content, 4, (end) => {
          end.tag(1, WireType.Varint).int32(STATUS[said.ending]);
          end.tag(2, WireType.Bit64).double(said.at);
        }),
      );
  }
}

/** google.protobuf.Value */
function writeSetting(value: BinaryWriter, setting: HyperParameter): void {
  if (typeof setting === "number") value.tag(2, WireType.Bit64).double(setting);
  else if (typeof setting === "string") value.tag(3, WireType.LengthDelimited).string(setting);
  else value.tag(4, WireType.Varint).bool(setting);
}

/** The plugin reads its content; the tensor is empty, as in TensorBoard's own writer. */
function writeHyperParameters(value: BinaryWriter, content: (writer: BinaryWriter) => void): void {
  within(value, 8, (tensor) => {
    tensor.tag(1, WireType.Varint).int32(FLOAT);
    within(tensor, 2, (shape) => within(shape, 2, () => {}));
  });
  within(value, 9, (metadata) => {
    const data = new BinaryWriter();
    content(data);
    writePlugin(metadata, "hparams", data.finish());
  });
}

function writePlugin(metadata: BinaryWriter, name: string, content?: Uint8Array): void {
  within(metadata, 1, (plugin) => {
    plugin.tag(1, WireType.LengthDelimited).string(name);
    if (content !== undefined) plugin.tag(2, WireType.LengthDelimited).bytes(content);
  });
}
