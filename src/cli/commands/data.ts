import type { Command } from "commander";

export function dataCommand(program: Command): void {
  program.command("data");
}
