import "../sandbox.ts";
import { defineConfig } from "vitest/config";

/** Tests that need promtool, prometheus and amtool: the Debian packages prometheus and prometheus-alertmanager. */
export default defineConfig({
  test: {
    include: ["test/monitoring/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 180_000,
  },
});
