import { defineConfig } from "vitest/config";

/**
 * Tests that need a process of their own or leave something behind in it: spies on its streams, its exit code, a mocked
 * module of Node, what is known of a runtime that nothing has run in. All others share loaded modules, for loading takes
 * as long as they do.
 */
const ALONE = [
  ...["check", "export", "interrupt", "outputs", "streams", "values"].map(
    (name) => `src/cli/${name}.test.ts`,
  ),
  "src/evaluation/kept-disk.test.ts",
  "src/runtime/worker/runtime.test.ts",
];

export default defineConfig({
  test: {
    // Generous: a test's time depends on the machine and is no part of what it checks.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    maxWorkers: 2,
    globalSetup: "./test/typescript/compile.mjs",
    // Worker threads that the sources start must find the compiled sources. With more room for short-lived objects the fuzz
    // test takes a sixth less.
    execArgv: ["--import", "./test/typescript/register.mjs", "--max-semi-space-size=32"],
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ALONE,
          isolate: false,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
