import type { Scalar } from "../../evaluation/index.js";
import type { SharedFile } from "../files.js";
import { foldersOf, type History } from "../history.js";
import { notesMarkdown } from "../markdown.js";
import { plainText } from "../text.js";
import { summaryEvent, versionEvent, type EventValue, type HyperParameter } from "./event.js";
import { record } from "./record.js";

/** A fixed name, so that a second export replaces the first and no point appears twice. */
const FILE = "events.out.tfevents.holdfast";

/** A folder for each history, which TensorBoard shows as a run: its scalars, settings (HParams) and warnings (Text). */
export function tensorboardFiles(histories: readonly History[]): SharedFile[] {
  const folders = foldersOf(histories);
  return histories.map((history, i) => ({ path: `${folders[i]}/${FILE}`, content: eventsOf(history) }));
}

function eventsOf(history: History): Uint8Array {
  const { began, seconds, points, notes, ending } = history;
  const at = (after: number, step: number, ...values: EventValue[]): Uint8Array =>
    record(summaryEvent(began + after, step, values));
  const text = notesMarkdown(notes);
  const last = points.at(-1)!;
  const records = [
    record(versionEvent(began)),
    at(0, 0, {
      kind: "begin",
      settings: hyperParameters(history.settings),
      group: plainText(history.name),
      at: began,
    }),
    ...points.map((point) =>
      at(
        point.seconds,
        point.step,
        ...Object.entries(point.values).map(([tag, value]) => ({ kind: "scalar", tag, value }) as const),
      ),
    ),
    ...(text === "" ? [] : [at(seconds, last.step, { kind: "text", tag: "notes", markdown: text })]),
    ...(ending === undefined ? [] : [at(seconds, last.step, { kind: "end", ending, at: began + seconds })]),
  ];
  return Buffer.concat(records);
}

/** The tab cannot show unset values. */
function hyperParameters(settings: Readonly<Record<string, Scalar>>): Record<string, HyperParameter> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      value === null ? [] : [[key, typeof value === "string" ? plainText(value) : value]],
    ),
  );
}
