// PGD steps of ResNet-50 and ResNet-101 against torchattacks, in turns on the same machine.
//   npm run bench            (PYTHON=… names a Python that has torch, torchvision and torchattacks)
import { cpus } from "node:os";
import { compare, rounds, threads } from "./turns.mjs";

console.log(`${cpus()[0].model}, ${threads} threads, batch 8, 224 × 224, medians of ${rounds} runs in turns`);
for (const model of ["resnet50", "resnet101"]) {
  compare(model, "bench/pgd-step.mjs", "bench/pgd_step.py", [model, "8", "224", threads]);
}
