// Imports point one way: a room imports only rooms before it, through their index.ts. So do the rooms inside a room.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** By folder: its rooms in order. A room is a folder, or a file that is its own door. */
const ROOMS = {
  src:
    "escape wrap errors options files tensor onnx graph autodiff runtime models losses attacks falsification data defences training evaluation " +
    "inspection report live explain gate sharing tuning reproduction api cli",
  "src/data":
    "pixels corruptions formats archives imagenet dataset classes splits regions sources check loader",
};
/** Doors beside a room's index, to what can be read without loading the room: the command line starts in a twentieth of a second. */
const SIDE_DOORS = new Set([
  "src/files/files.js",
  "src/files/memory.js",
  "src/files/tool.js",
  "src/files/cores.js",
  "src/data/corruptions/names.js",
  "src/attacks/cards/index.js",
  "src/evaluation/results.js",
  "src/defences/recipes/index.js",
  "src/models/description/foreign-config.js",
  "src/runtime/devices.js",
  "src/runtime/layouts.js",
  "src/training/settings/index.js",
  "src/reproduction/names.js",
]);
const IMPORT = /(?:from|import\()\s*"(\.[^"]+)"/g;

const problems = new Set();
for (const [base, names] of Object.entries(ROOMS)) {
  const rooms = names.split(" ");
  const roomOf = (path) => path.slice(base.length + 1).match(/^[^/.]+/)?.[0];
  const isDoor = (target, room) =>
    target === `${base}/${room}/index.js` || target === `${base}/${room}.js` || SIDE_DOORS.has(target);
  for (const file of readdirSync(base, { recursive: true }).filter((name) => name.endsWith(".ts"))) {
    const path = join(base, file).split("\\").join("/");
    const room = roomOf(path);
    const isTest = path.endsWith(".test.ts");
    // The index is what a folder shows of all its rooms.
    if (path === `${base}/index.ts`) continue;
    if (!rooms.includes(room)) problems.add(`${path}: "${room}" is not in the list of rooms`);
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(IMPORT)) {
      const target = posix.normalize(posix.join(dirname(path), specifier));
      if (!target.startsWith("src/")) {
        if (!isTest) problems.add(`${path}: imports ${target}, outside src`);
        continue;
      }
      // What is further out is judged there; tests may look upwards: they hold a room against what is built on it.
      if (!target.startsWith(`${base}/`)) continue;
      if (target === `${base}/index.js`) {
        if (!isTest) problems.add(`${path}: imports ${target}, which is built on it`);
        continue;
      }
      const other = roomOf(target);
      if (other === room) continue;
      if (!isDoor(target, other)) problems.add(`${path}: imports ${target}; use the door of ${other}`);
      if (!isTest && rooms.indexOf(other) >= rooms.indexOf(room)) {
        problems.add(`${path}: ${room} comes before ${other}`);
      }
    }
  }
}
for (const problem of problems) console.error(problem);
console.log(`imports: ${problems.size === 0 ? "all point one way" : `${problems.size} problems`}`);
process.exit(problems.size === 0 ? 0 : 1);
