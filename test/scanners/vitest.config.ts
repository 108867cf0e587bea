import "../sandbox.ts";
import { defineConfig } from "vitest/config";

/** Scanners of manifests over the rendered trees: checkov and kube-score, which must be on the PATH. */
export default defineConfig({
  test: { include: ["test/scanners/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 600_000, reporters: ["verbose"] },
});
