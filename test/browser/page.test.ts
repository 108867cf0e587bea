/** The page of `npm run diff`, in a browser. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "./browser.ts";
import { type Name, names, writePage } from "./pages.ts";

const folder = mkdtempSync(join(tmpdir(), "slipway-browser-"));
const pages = new Map<Name, string>();
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
  for (const name of names) pages.set(name, pathToFileURL(writePage(folder, name)).href);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a page, and closes it after `look`. */
async function open<T>(name: Name, options: BrowserContextOptions, look: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    await page.goto(pages.get(name) ?? "");
    return await look(page);
  } finally {
    await context.close();
  }
}

// What runs in the page is text: here there are no types of a document.
const unfold = (page: Page) =>
  page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");

const overflow = `[...document.querySelectorAll("body *")]
  .filter((one) => !one.closest(".scroll, pre, nav") && one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.outerHTML.slice(0, 80))
  .concat(document.documentElement.scrollWidth > innerWidth ? ["the page"] : [])`;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.each(names)("%s", (name) => {
  test("asks for nothing and complains of nothing", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const [requests, complaints] = [[] as string[], [] as string[]];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pages.get(name) ?? "", { waitUntil: "networkidle" });
    const title = await page.title();
    await context.close();
    expect([requests, complaints]).toEqual([[pages.get(name)], []]);
    expect(title).toMatch(/^\d+ objects? (changed|created)/);
  });

  test.each([320, 360, 768, 1440])("needs no sideways scrolling at %i px", async (width) => {
    const wide = await open(name, { viewport: { width, height: 800 } }, async (page) => {
      await unfold(page);
      return page.evaluate(overflow);
    });
    expect(wide).toEqual([]);
  });

  test.each(["light", "dark"] as const)("meets WCAG AA in %s", async (colorScheme) => {
    const violations = await open(name, { colorScheme, bypassCSP: true }, async (page) => {
      // All of the largest page takes minutes to be looked at, and says nothing new.
      if (name !== "large") await unfold(page);
      await page.evaluate(axe);
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const results = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} })`)) as AxeResults;
      expect(results.passes.map(({ id }) => id)).toContain("color-contrast");
      return results.violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })),
      );
    });
    expect(violations).toEqual([]);
  });
});

test("opens and closes without JavaScript", async () => {
  await open("day", { javaScriptEnabled: false }, async (page) => {
    const created = page.locator("details.object:not([open])").first();
    const text = created.locator("pre");
    expect(await text.isVisible()).toBe(false);
    await created.locator("summary").click();
    expect(await page.locator("pre:visible", { hasText: "apiVersion" }).count()).toBe(1);
  });
});

test("can be used with the keyboard alone", async () => {
  await open("large", {}, async (page) => {
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toMatch(/^dev/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).hash).toBe("#group-prod");
    // The heading stands below the bar that stays on top.
    const [bar, heading] = [
      await page.locator("nav").boundingBox(),
      await page.locator("#group-prod h2").boundingBox(),
    ];
    expect(heading?.y).toBeGreaterThanOrEqual((bar?.y ?? 0) + (bar?.height ?? 0));
    for (let presses = 0; presses < 10 && (await page.locator("#group-prod summary:focus").count()) === 0; presses++)
      await page.keyboard.press("Tab");
    const details = page.locator("#group-prod details.application").first();
    expect(await details.getAttribute("open")).toBeNull();
    await page.keyboard.press("Enter");
    expect(await details.getAttribute("open")).toBe("");
  });
});

test("shows on paper what is folded on the screen", async () => {
  await open("day", {}, async (page) => {
    const folded = page.locator("details.object:not([open]) pre").first();
    expect(await folded.isVisible()).toBe(false);
    await page.emulateMedia({ media: "print" });
    expect((await folded.boundingBox())?.height).toBeGreaterThan(20);
    expect(await page.locator("nav").isVisible()).toBe(false);
  });
});

test.each([
  [1440, ".wide", ".narrow"],
  [360, ".narrow", ".wide"],
])("draws the call graph for a screen of %i px", async (width, shown, hidden) => {
  await open("day", { viewport: { width, height: 800 } }, async (page) => {
    const graph = page.locator("#group-dev .graph");
    expect(await graph.locator(hidden).isVisible()).toBe(false);
    const picture = graph.locator(`${shown} svg`);
    expect(await picture.getAttribute("aria-label")).toContain("backend calls orders (new)");
    const names = await picture.locator(".name").allTextContents();
    expect(names.sort()).toEqual(["backend", "database", "frontend", "gateway", "ml", "orders"]);
    // No box lies upon another, and all of them within the picture.
    const boxes = await Promise.all((await picture.locator(".box").all()).map((box) => box.boundingBox()));
    const frame = await picture.boundingBox();
    for (const [index, box] of boxes.entries()) {
      if (!box || !frame) throw new Error("a box is not drawn");
      expect(box.x >= frame.x && box.x + box.width <= frame.x + frame.width).toBe(true);
      expect(box.y >= frame.y && box.y + box.height <= frame.y + frame.height).toBe(true);
      for (const other of boxes.slice(index + 1))
        expect(
          other &&
            box.x < other.x + other.width &&
            other.x < box.x + box.width &&
            box.y < other.y + other.height &&
            other.y < box.y + box.height,
        ).toBe(false);
    }
  });
});
