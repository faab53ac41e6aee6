import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "./program.js";

let said = "";
beforeEach(() => {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => void vi.restoreAllMocks());

const attack = (...args: string[]): string[] => ["attack", "none.onnx", ...args];
const evaluate = (...args: string[]): string[] => ["evaluate", "none.onnx", ...args];
const train = (...args: string[]): string[] => ["train", "--data", "nowhere", ...args];

describe("a number or word that cannot be meant is refused, with what may be", () => {
  test.each([
    [evaluate("--fail-below", "50"), /--fail-below.*from 0 to 1: did you mean 0\.5\?/s],
    [evaluate("--fail-below", "42.5%"), /did you mean 0\.425\?/],
    [evaluate("--fail-below", "-1"), /from 0 to 1\./],
    [evaluate("--budget", "0"), /--budget.*a time such as 90s, 10m, 1h or 1h30m/s],
    [evaluate("--budget", "10"), /--budget.*a time such as 90s/s],
    [evaluate("--budget", "soon"), /--budget.*a time such as 90s/s],
    [evaluate("--budget=-1m"), /--budget.*a time such as 90s/s],
    [evaluate("--shard", "3/2"), /--shard.*like 2\/4: the second of four/s],
    [evaluate("--end-early"), /--end-early: has no threshold to decide.*--fail-below/s],
    [
      evaluate("--shard", "1/2", "--fail-below", "0.5"),
      /--fail-below: cannot be decided by one shard.*give it to holdfast merge/s,
    ],
    [evaluate("--epsilon", "0.1,8"), /--epsilon.*8\/255/s],
    [evaluate("--norm", "l2", "--epsilon", "0.5,128"), /--epsilon.*128\/255/s],
    [attack("--norm", "L2", "--epsilon", "128"), /--epsilon.*128\/255/s],
    [attack("--norm", "l2", "--epsilon", "300"), /--epsilon.*300\/255/s],
    [attack("--norm", "l1", "--epsilon", "3000"), /--epsilon.*3000\/255/s],
    [train("--norm", "l1"), /--norm.*linf, l2/s],
    [attack("--momentum", "-1"), /--momentum.*a number from 0 up/s],
    [attack("--step-size", "2"), /--step-size.*2\/255/s],
    [attack("--mean", "123.675,116.28,103.53"), /--mean.*did you mean --mean 0\.485,0\.456,0\.406\?/s],
    [attack("--mean", "-1,0,0"), /--mean.*in \[0, 1\]/],
    [attack("--mean", "0,0,300"), /--mean.*in \[0, 1\].*one number per channel/s],
    [attack("--std", "58.395,57.12,57.375"), /--std.*did you mean --std 0\.229,0\.224,0\.225\?/s],
    [attack("--std", "0"), /--std.*above 0.*one number per channel, such as/s],
    [attack("--seed", "4294967296"), /--seed.*from 0 to 4294967295/s],
    [["reproduce", "all", "--seeds", "1e9"], /--seeds.*from 1 to 1000/s],
    [
      attack("--attack", "fgsm", "--steps", "99"),
      /--steps: does not apply to --attack fgsm, whose value is always 1.*another attack/s,
    ],
    [
      attack("--attack", "fgsm", "--step-size", "0.1"),
      /--step-size: does not apply to --attack fgsm, whose value is always ε/,
    ],
    [attack("--attack", "fgsm", "--restarts", "2"), /--restarts: does not apply to --attack fgsm/],
    [["inspect", "none.onnx", "--mean", "128"], /--mean.*did you mean --mean 0\.502\?/s],
    [attack("--pixel-range", "70000"), /--pixel-range.*from 1 to 65535/s],
    [attack("--layout", "chw"), /--layout.*Allowed choices are NCHW, NHWC/s],
    [attack("--channels", "2"), /1 \(gray\) or 3 \(colour\)/],
    [attack("--size", "1000000"), /--size.*from 1 to 4096/s],
    [attack("--classes", "a,,b"), /--classes.*names/s],
    [attack("--flowers-split", "4"), /--flowers-split.*from 1 to 3/s],
    [attack("--threads", "100000"), /--threads.*from 1 to 1024/s],
    [attack("--save", "a.JPG"), /--save.*would lose the perturbation.*\.png/s],
    [["reproduce", "all", "--jobs", "5000"], /--jobs.*from 1 to 1024/s],
    [["sweep", "--judge-epsilon", "8"], /8\/255/],
    [train("--norm", "l2", "--epsilon", "128"), /--epsilon.*128\/255/s],
    [train("--step-size", "2"), /--step-size.*2\/255/s],
    [train("--flip", "50"), /--flip.*did you mean 0\.5\?/s],
    [train("--momentum", "9"), /--momentum.*did you mean 0\.09\?/s],
    [train("--ema", "1"), /--ema.*below 1/s],
    [train("--label-smoothing", "10%"), /--label-smoothing.*did you mean 0\.1\?/s],
    [train("--warmup", "5"), /--warmup.*did you mean 0\.05\?/s],
    [train("--epsilon-warmup", "40"), /--epsilon-warmup.*did you mean 0\.4\?/s],
    [train("--trunk-learning-rate", "-1"), /--trunk-learning-rate.*from 0 to 1/s],
    [train("--resized-crop", "0"), /--resized-crop.*above 0/s],
    [train("--brightness", "40"), /--brightness.*from 0 to 1/s],
    [train("--hue", "180"), /--hue.*from 0 to 0\.5/s],
    [train("--rotation", "360"), /--rotation.*from 0 to 180/s],
  ])("%j", async (args, words) => {
    expect([await runCli(args), said]).toEqual([2, expect.stringMatching(words)]);
  });
});

describe("an option that begins so is suggested, otherwise what is spelt alike", () => {
  test.each([
    [attack("--eps", "0.3"), /unknown option '--eps'\n\(Did you mean --epsilon\?\)/],
    [train("--epsilon-w=0.3"), /Did you mean --epsilon-warmup\?/],
    [train("--label-s", "0.3"), /Did you mean --label-smoothing\?/],
    [train("--no-random", "0.3"), /Did you mean --no-random-start\?/],
    [train("--epoch", "1"), /Did you mean --epochs\?/],
    [attack("--espilon", "1"), /Did you mean --epsilon\?/],
  ])("%j", async (args, words) => {
    expect([await runCli(args), said]).toEqual([2, expect.stringMatching(words)]);
  });
});

test("a file of classes that is missing is named", async () => {
  const code = await runCli(attack("--classes", "none.txt"));
  expect([code, said]).toEqual([3, expect.stringMatching(/none\.txt: does not exist/)]);
});

describe("words are known in whatever case", () => {
  // What comes after the options is missed, so they passed.
  test.each([
    [attack("--layout", "nhwc", "--norm", "LINF", "--attack", "FGSM"), /none\.onnx: does not exist/],
    [attack("--attack", "fgsm", "--steps", "1", "--no-random-start"), /none\.onnx: does not exist/],
    [attack("--pixel-range", "255", "--mean", "0.5", "--std", "127.5"), /none\.onnx: does not exist/],
    [train("--optimiser", "SGD", "--schedule", "Cosine"), /nowhere/],
  ])("%j", async (args, words) => {
    expect([await runCli(args), said]).toEqual([3, expect.stringMatching(words)]);
  });
});

test("more threads than cores are a warning, as many are not", async () => {
  await runCli(attack("--threads", "1024"));
  expect(said).toMatch(/warning: --threads 1024 is more than the \d+ cores? this process may use/);
  said = "";
  await runCli(attack("--threads", "1"));
  expect(said).not.toContain("warning: --threads");
});
