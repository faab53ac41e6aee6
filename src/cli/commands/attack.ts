import type { Command } from "commander";

export function attackCommand(program: Command): void {
  program.command("attack");
}
