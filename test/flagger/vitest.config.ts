import { defineConfig } from "vitest/config";

/** Rollouts on the cluster that KUBECONFIG names, which has Istio, Flagger and its Prometheus. Takes some minutes. */
export default defineConfig({
  test: {
    include: ["test/flagger/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 400_000,
    hookTimeout: 400_000,
    reporters: ["verbose"],
  },
});
