import { defineConfig } from "vitest/config";

/** Tests that need a cluster: the one that KUBECONFIG names. One file at a time, because they share it. */
export default defineConfig({
  test: {
    include: ["test/cluster/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ["verbose"],
  },
});
