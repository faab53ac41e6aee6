// Training steps of AT+ALP (10 PGD steps and an update of the doubled batch) and IGR against the same written in
// PyTorch, in turns on the same machine.
//   node bench/defences.mjs [recipe] [model]    after npm run build; PYTHON names a Python that has torch and torchvision
import { cpus } from "node:os";
import { compare, rounds, threads } from "./turns.mjs";

// The first steps of both take longer: their memory is new.
const cases = [
  ["resnet18", "16", "64", "24"],
  ["resnet50", "8", "224", "4"],
];
const recipes = ["at-alp", "igr"];
const asked = process.argv.slice(2);
const known = [...recipes, ...cases.map(([model]) => model)];
const unknown = asked.filter((word) => !known.includes(word));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}
console.log(`${cpus()[0].model}, ${threads} threads, medians of ${rounds} runs in turns`);
for (const recipe of recipes) {
  for (const [model, batch, size, steps] of cases) {
    if (!asked.every((word) => [recipe, model].includes(word))) continue;
    compare(
      `${recipe}, ${model}, batch ${batch}, ${size} × ${size}`,
      "bench/defence-step.mjs",
      "bench/defence_step.py",
      [recipe, model, batch, size, threads, steps],
    );
  }
}
