import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { HoldfastError, InterruptedError, UsageError } from "../../errors/index.js";
import { toolInfo, writeFileAtomic } from "../../files/index.js";
import {
  hasPassed,
  judgeModel,
  readConfig,
  REPORTERS,
  type AssertionVerdict,
  type Verdict,
} from "../../gate/index.js";
import type { CheckCommandOptions } from "../commands/check.js";
import { writeOut } from "../streams.js";
import { createTerminal } from "../terminal.js";
import { checkBaseline, judgeAgainstBaseline, updateBaseline } from "./baseline.js";
import { measureModel, type Measured } from "./measure.js";

/**
 * Measures and judges the models in the configuration. Returns 0 if it passes, else 1.
 *
 * @throws UsageError if the check cannot run, for whatever reason (exit code 2).
 */
export async function check(options: CheckCommandOptions): Promise<number> {
  try {
    const verdict = await judged(options);
    await report(verdict, options);
    return verdict.passed ? 0 : 1;
  } catch (error) {
    if (!(error instanceof HoldfastError) || error instanceof InterruptedError) throw error;
    const { place, problem, remedy } = error;
    throw new UsageError({ place, problem, ...(remedy === undefined ? {} : { remedy }), cause: error });
  }
}

async function judged(options: CheckCommandOptions): Promise<Verdict> {
  const terminal = createTerminal(options);
  const read = await readConfig(options.config);
  const { config } = read;
  const pathOf = pathFrom(options.config);
  const updates = options.updateBaseline === true;
  checkBaseline(config, updates, pathOf);
  const measured: Measured[] = [];
  for (const name of Object.keys(config.models)) {
    measured.push(await measureModel(name, read, pathOf, options, terminal));
  }
  const assertions: AssertionVerdict[] = measured.flatMap((each) => judgeModel(each, read));
  if (updates) await updateBaseline(measured, config.baseline!, pathOf, terminal);
  else assertions.push(...(await judgeAgainstBaseline(measured, read, pathOf)));
  const { dataset } = measured[0]!.results[0]!;
  return {
    kind: "check",
    schemaVersion: 1,
    tool: toolInfo(),
    date: new Date().toISOString(),
    config: options.config,
    dataset: { name: dataset.name, n: dataset.n },
    models: measured.map(({ model, path, sha256, cached }) => ({ name: model, path, sha256, cached })),
    assertions,
    passed: hasPassed(assertions),
  };
}

/** Paths in a configuration are relative to it. Names of data that are not paths stay as they are. */
function pathFrom(config: string): (path: string) => string {
  return (path) => {
    const found = resolve(dirname(config), path);
    return relative(process.cwd(), found) || found;
  };
}

async function report(verdict: Verdict, options: CheckCommandOptions): Promise<void> {
  const isGithub = process.env["GITHUB_ACTIONS"] === "true";
  const usual = [
    { name: options.json === true ? ("json" as const) : ("terminal" as const), file: undefined },
    ...(isGithub && options.json !== true ? [{ name: "github" as const, file: undefined }] : []),
  ];
  for (const { name, file } of options.reporter ?? usual) {
    const text = REPORTERS[name](verdict);
    if (file === undefined) writeOut(text);
    else await writeFileAtomic(file, text);
  }
  const summary = process.env["GITHUB_STEP_SUMMARY"];
  if (summary !== undefined && existsSync(summary)) await appendFile(summary, REPORTERS.markdown(verdict));
}
