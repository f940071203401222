/** Debian's Chromium, with a new and empty profile. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type BrowserContext, chromium } from "playwright-core";

export type { BrowserContext, Page, Route } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The script that finds what stops people; a page evaluates it, so that its policy stays as it is. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @param profile an empty folder */
export const startBrowser = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    viewport: { width: 1440, height: 900 },
    timezoneId: "Europe/Berlin",
    permissions: ["clipboard-read", "clipboard-write"],
  });

/** Drags the handle of the time strip in twenty steps, and gives the milliseconds from each to the end of the next frame. */
export const SCRUB = `(async () => {
  const strip = document.querySelector(".strip");
  strip.setPointerCapture = () => undefined;
  strip.hasPointerCapture = () => true;
  const send = (name, clientX) =>
    strip.dispatchEvent(new PointerEvent(name, { clientX, clientY: 80, pointerId: 1, bubbles: true }));
  const times = [];
  send("pointerdown", 1400);
  for (let n = 0; n < 20; n++) {
    const began = performance.now();
    send("pointermove", 1400 - n * 40);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - began);
  }
  return times;
})()`;
