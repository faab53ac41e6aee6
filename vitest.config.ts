import { defineConfig } from "vitest/config";

/** Rooms whose tests leave nothing behind: they share loaded modules, and loading takes as long as they do. */
const ROOMS =
  "attacks autodiff data defences errors explain falsification files gate graph inspection losses models onnx report " +
  "sharing tensor training tuning";
const SHARED = [
  ...ROOMS.split(" ").map((room) => `src/${room}/**/*.test.ts`),
  // The one left out mocks a module of Node.
  "src/evaluation/**/!(kept-disk).test.ts",
];

export default defineConfig({
  test: {
    // Generous: a test's time depends on the machine and is no part of what it checks.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    maxWorkers: 2,
    globalSetup: "./test/typescript/compile.mjs",
    // Worker threads that the sources start must find the compiled sources.
    execArgv: ["--import", "./test/typescript/register.mjs"],
    projects: [
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
      {
        extends: true,
        test: { name: "alone", include: ["src/**/*.test.ts", "test/**/*.test.ts"], exclude: SHARED },
      },
    ],
  },
});
