import "../sandbox.ts";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, rootOf } from "../../scripts/lib/cli.ts";
import { openBrowser } from "./browser.ts";
import { writePage } from "./pages.ts";

await main({
  usage: "npm run picture --",
  summary: "Takes the README's picture of the review page.",
  options: {},
  run: async () => {
    const target = join(rootOf(), ".github/images/review.png");
    const folder = mkdtempSync(join(tmpdir(), "slipway-picture-"));
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1200, height: 820 }, colorScheme: "light" });
      await page.goto(pathToFileURL(writePage(folder, "day")).href);
      mkdirSync(dirname(target), { recursive: true });
      await page.screenshot({ path: target });
      console.log(target);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
});
