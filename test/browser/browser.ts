import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { UserError } from "../../scripts/lib/cli.ts";

/**
 * Starts the browser of this machine: the one that CHROMIUM names, or one that is installed.
 *
 * @throws UserError where there is none
 */
export async function openBrowser(): Promise<Browser> {
  const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  const executablePath = process.env.CHROMIUM ?? installed;
  if (!executablePath)
    throw new UserError("there is no browser; install chromium (apt-get install chromium), or name one in CHROMIUM");
  return chromium.launch({ executablePath });
}
