import type { Command } from "commander";

export function evaluateCommand(program: Command): void {
  program.command("evaluate");
}
