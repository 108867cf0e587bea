import "../sandbox.ts";
import { defineConfig } from "vitest/config";

/**
 * The whole platform on a cluster: bootstrapped, and then changed by commits. One file at a time, because they share the
 * cluster, and in an order that changes from run to run.
 */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    globalSetup: "test/e2e/setup.ts",
    fileParallelism: false,
    sequence: { shuffle: true },
    // Each test begins with the platform as it was bootstrapped, so one that a busy cluster was too slow for can begin anew.
    retry: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ["verbose"],
  },
});
