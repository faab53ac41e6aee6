import { escapeSvg } from "../../escape.js";
import type { Classifier } from "../../models/index.js";
import { KINDS, type Kind } from "./labels.js";
import { BOX_WIDTH, layOut, LINE, type Layout, type PlacedBox } from "./layout.js";
import { partsOf, type Part } from "./parts.js";
import { repeatsOf } from "./repeats.js";

/** Light fills under black text (Okabe & Ito's hues). */
const COLOURS: Readonly<Record<Kind, string>> = {
  convolution: "#b8d6ee",
  product: "#e3c6db",
  pooling: "#b5e2d3",
  normalisation: "#d5e8b0",
  activation: "#f8d9a0",
  arithmetic: "#e4e4e4",
  moving: "#ffffff",
};
const BANDS = ["#f7f7f4", "#eef1f4"] as const;
const MARGIN = 16;
const SIDE = 92;
const GAP = 18;
const HEAD = 62;

/**
 * The graph as an SVG: the trunk from top to bottom, parts of one resolution on one background, operators coloured by
 * kind. Consecutive operators share one box, and consecutive equal blocks are drawn once with their number.
 */
export function graphPicture({ graph, image, logits }: Classifier, title: string): string {
  const parts = partsOf(graph, image);
  const rows = repeatsOf(parts, ({ signature, resolution }) => `${resolution} ${signature}`).map(
    ({ items, times }) => ({ layouts: items.map(layOut), times, resolution: items.at(-1)!.resolution }),
  );
  const inner = Math.max(...rows.flatMap(({ layouts }) => layouts.map(({ width }) => width)), 2 * BOX_WIDTH);
  const width = inner + SIDE + 4 * MARGIN;
  const middle = SIDE + (width - SIDE) / 2;
  const bands: { resolution: string; from: number; to: number }[] = [];
  const drawn: string[] = [];
  let y = HEAD + MARGIN;
  drawn.push(terminal(middle, y, `${image} [${graph.values.get(image)!.shape.join(", ")}]`));
  y += LINE + 10;
  let end = y - 6;
  for (const { layouts, times, resolution } of rows) {
    const top = y;
    if (bands.at(-1)?.resolution !== resolution) bands.push({ resolution, from: top, to: top });
    y += GAP / 2 + (times > 1 ? 8 : 0);
    const [first, widest] = [y, Math.max(...layouts.map((each) => each.width))];
    for (const layout of layouts) {
      drawn.push(partAt(layout, middle, { start: end, top: y }));
      end = y + layout.height;
      y = end + GAP;
    }
    if (times > 1) drawn.push(outline(middle, first - 10, widest, y - GAP - first + 20, times));
    y += times > 1 ? 2 : -GAP / 2;
    bands.at(-1)!.to = y;
  }
  drawn.push(line(middle, end, middle, y + 10));
  drawn.push(terminal(middle, y + 10, `${logits} [${graph.values.get(logits)!.shape.join(", ")}]`));
  const height = y + 10 + LINE + 10 + MARGIN;
  const said = `${title}: ${graph.nodes.length} operators; ${nodesDrawn(parts)} of them depend on the image`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escapeSvg(said)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="24" font-size="15" font-weight="bold">${escapeSvg(title)}</text>`,
    legend(),
    ...bands.map((band, i) => ground(band, i, width)),
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

const nodesDrawn = (parts: readonly Part[]): number => parts.reduce((sum, { nodes }) => sum + nodes, 0);

function legend(): string {
  return KINDS.map((kind, i) => {
    const x = MARGIN + (i % 4) * 100;
    const y = 34 + Math.floor(i / 4) * 16;
    return `<rect x="${x}" y="${y}" width="10" height="10" fill="${COLOURS[kind]}" stroke="#777"/><text x="${x + 14}" y="${y + 9}">${kind}</text>`;
  }).join("");
}

function ground(
  { resolution, from, to }: { resolution: string; from: number; to: number },
  i: number,
  width: number,
): string {
  return (
    `<rect x="0" y="${from}" width="${width}" height="${to - from}" fill="${BANDS[i % 2]}"/>` +
    `<text x="${MARGIN}" y="${from + 16}" font-weight="bold" fill="#444">${escapeSvg(resolution)}</text>`
  );
}

/** A part, connected to the one before, which ends at `start`. */
function partAt(layout: Layout, middle: number, { start, top }: { start: number; top: number }): string {
  const end = top + layout.height;
  const side = middle + layout.width / 2 + 8;
  const lines = layout.edges.map(([from, to]) => {
    const [x1, y1] = from === null ? [middle, start] : [middle + from.x, top + from.y + from.height];
    const [x2, y2] = to === null ? [middle, end] : [middle + to.x, top + to.y];
    const passes = from === null ? y2 > top : y2 - y1 > 40;
    return passes ? around(side, x1, y1, x2, y2) : curve(x1, y1, x2, y2);
  });
  return [...lines, ...layout.boxes.map((box) => boxAt(box, middle, top))].join("\n");
}

/** A line that passes boxes of other layers goes beside them. */
function around(side: number, x1: number, y1: number, x2: number, y2: number): string {
  const half = (y1 + y2) / 2;
  return path(
    `M${x1} ${y1}C${side} ${y1 + 8} ${side} ${y1 + 8} ${side} ${half}S${side} ${y2 - 8} ${x2} ${y2}`,
  );
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const half = (y1 + y2) / 2;
  return x1 === x2 ? line(x1, y1, x2, y2) : path(`M${x1} ${y1}C${x1} ${half} ${x2} ${half} ${x2} ${y2}`);
}

const line = (x1: number, y1: number, x2: number, y2: number): string => path(`M${x1} ${y1}L${x2} ${y2}`);
const path = (d: string): string => `<path d="${d}" fill="none" stroke="#666"/>`;

function boxAt({ box, x, y, height }: PlacedBox, middle: number, top: number): string {
  const left = middle + x - BOX_WIDTH / 2;
  const texts = box.lines.map(
    (each, i) =>
      `<text x="${middle + x}" y="${top + y + 12 + i * LINE}" text-anchor="middle">${escapeSvg(cut(each))}</text>`,
  );
  return (
    `<rect x="${left}" y="${top + y}" width="${BOX_WIDTH}" height="${height}" rx="4" fill="${COLOURS[box.kind]}" stroke="#777"/>` +
    texts.join("")
  );
}

function outline(middle: number, y: number, width: number, height: number, times: number): string {
  const left = middle - width / 2 - 12;
  return (
    `<rect x="${left}" y="${y}" width="${width + 24}" height="${height}" rx="8" fill="none" stroke="#333" stroke-dasharray="4 3"/>` +
    `<text x="${left - 6}" y="${y + height / 2 + 5}" text-anchor="end" font-size="15" font-weight="bold">× ${times}</text>`
  );
}

function terminal(middle: number, y: number, text: string): string {
  return `<text x="${middle}" y="${y + LINE - 2}" text-anchor="middle" font-style="italic">${escapeSvg(cut(text, 60))}</text>`;
}

function cut(text: string, most = 34): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
