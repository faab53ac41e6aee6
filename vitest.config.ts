import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Generous: a test's time depends on the machine and is no part of what it checks.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    maxWorkers: 2,
    // Worker threads that the sources start must find the sources too.
    execArgv: ["--import", "./test/typescript/register.mjs"],
  },
});
