import type { Command } from "commander";

export function reportCommand(program: Command): void {
  program.command("report");
}
