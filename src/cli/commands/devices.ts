import type { Command } from "commander";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast devices
  holdfast devices --json | jq -r '.devices[] | select(.available).name'

Opens each device and runs a small graph on it. To use one: holdfast evaluate model.onnx --device cuda`;

export function devicesCommand(program: Command): void {
  const command = program
    .command("devices")
    .description("list the devices that models can run on here, and what the others need");
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(list);
}

async function list(options: CommonOptions): Promise<void> {
  const { listDevices } = await import("../../runtime/index.js");
  const devices = await listDevices();
  const lines = devices.map(
    ({ name, title, available }) => `${available ? "yes" : "no "}  ${name.padEnd(7)} ${title}`,
  );
  const problems = devices.flatMap(({ problem }) => problem ?? []);
  createTerminal(options).result([...lines, ...problems].join("\n"), { devices });
}
