// Imports point one way: a room imports only rooms before it in ROOMS, through their index.ts.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";

const ROOMS = (
  "errors files tensor onnx graph autodiff runtime models losses attacks falsification data defences training evaluation " +
  "inspection report explain reproduction cli"
).split(" ");
/** Doors beside a room's index, to what can be read without loading the room: the command line starts in a twentieth of a second. */
const SIDE_DOORS = new Set(["attacks/cards/index.js"]);
const IMPORT = /(?:from|import\()\s*"(\.[^"]+)"/g;

const problems = [];
for (const file of readdirSync("src", { recursive: true }).filter((name) => name.endsWith(".ts"))) {
  const path = file.split("\\").join("/");
  const [room] = path.split("/");
  if (path === "index.ts") continue;
  if (!ROOMS.includes(room)) problems.push(`src/${path}: "${room}" is not in the list of rooms`);
  for (const [, specifier] of readFileSync(join("src", file), "utf8").matchAll(IMPORT)) {
    const target = posix.normalize(posix.join(dirname(path), specifier));
    if (target.startsWith("..")) {
      if (!path.endsWith(".test.ts"))
        problems.push(`src/${path}: imports ${relative("src", target)}, outside src`);
      continue;
    }
    const [other] = target.split("/");
    if (other === room) continue;
    if (target !== `${other}/index.js` && !SIDE_DOORS.has(target))
      problems.push(`src/${path}: imports ${target}; use ${other}/index.js`);
    // Tests may look upwards: they hold a room against what is built on it.
    if (!path.endsWith(".test.ts") && ROOMS.indexOf(other) >= ROOMS.indexOf(room)) {
      problems.push(`src/${path}: ${room} comes before ${other}`);
    }
  }
}
for (const problem of problems) console.error(problem);
console.log(`imports: ${problems.length === 0 ? "all point one way" : `${problems.length} problems`}`);
process.exit(problems.length === 0 ? 0 : 1);
