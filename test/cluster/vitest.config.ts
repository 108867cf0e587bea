import "../sandbox.ts";
import { defineConfig } from "vitest/config";

/** Tests that need a cluster: the one that KUBECONFIG names. One file at a time, because they share it. */
export default defineConfig({
  test: {
    include: ["test/cluster/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ["verbose"],
  },
});
