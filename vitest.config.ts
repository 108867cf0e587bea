import "./test/sandbox.ts";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/{browser,cluster,containers,e2e,monitoring,scanners}/**", "node_modules/**"],
    // Most of them wait for processes that they have started.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A guard against hanging and no measure of speed: some tests start many processes, on machines that may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
