import type { Command } from "commander";

export function inspectCommand(program: Command): void {
  program.command("inspect");
}
