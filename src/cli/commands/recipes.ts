import type { Command } from "commander";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast recipes
  holdfast recipes at-alp > my-defence.yaml
  holdfast train --data photos/ --recipe my-defence.yaml`;

const NAME_WIDTH = 16;

export function recipesCommand(program: Command): void {
  const command = program
    .command("recipes")
    .argument("[name]", "a recipe to print, or a recipe file to check");
  commonOptions(command).addHelpText("after", EXAMPLES).action(recipes);
}

async function recipes(name: string | undefined, options: CommonOptions): Promise<void> {
  const { findRecipe, isRecipeFile, printRecipe, readRecipeFile, RECIPES } =
    await import("../../defences/index.js");
  const terminal = createTerminal(options);
  if (name !== undefined) {
    const recipe = isRecipeFile(name) ? await readRecipeFile(name) : findRecipe(name);
    terminal.result(printRecipe(recipe).trimEnd(), recipe);
    return;
  }
  const all = Object.values(RECIPES);
  terminal.result(
    all.map(({ name, description }) => `${name.padEnd(NAME_WIDTH)}${description}`).join("\n"),
    all,
  );
}
