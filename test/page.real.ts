/** The page in Debian's Chromium, over the demo's history: what people see and do, by pointer, by keyboard and on a phone. */

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Timeline } from "../schemas/answer.ts";
import { clientOf, event, over } from "./client.ts";
import { run as tellDemo } from "./demo.ts";
import { AXE, type BrowserContext, type Page, type Route, SCRUB, startBrowser } from "./real/browser.ts";
import { type OpenIdProvider, startProvider } from "./real/provider.ts";
import { manyServices } from "./web/many.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-page-"));
const ADMIN = "a-token-of-an-admin";
const READER = "a-token-of-a-reader";
const DAY = 86_400_000;

let ledger: Running;
let provider: OpenIdProvider;
let browser: BrowserContext;
let page: Page;
/** What the browser complained about: violations of the policy, errors of scripts. */
let complaints: string[] = [];

/** A port that is free now: the provider has to know the ledger's address before the ledger starts. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  provider = await startProvider("asof", [`${url}/auth/callback`], "oncall");
  const { issuer } = provider;
  const identities = join(folder, "identities.json");
  writeFileSync(
    identities,
    JSON.stringify({
      policies: [{ issuer, audience: "asof", claims: { groups: "oncall" }, role: "operator", name: "{sub}" }],
      login: { issuer, clientId: "asof", url, scopes: ["openid"] },
    }),
  );
  ledger = await start({
    ASOF_DATA: join(folder, "data"),
    ASOF_PORT: String(port),
    ASOF_IDENTITIES: identities,
    ASOF_TOKENS: `admin:admin:${ADMIN},reader:reader:${READER}`,
  });
  const day = new Date().toISOString().slice(0, 10);
  await tellDemo({ address: ledger.address, token: ADMIN, day, print: () => undefined });
  browser = await startBrowser(join(folder, "browser"));
}, 120_000);
afterAll(async () => {
  await browser.close();
  await ledger.stop();
  provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  complaints = [];
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

async function signIn(path: string, token = ADMIN): Promise<void> {
  await page.goto(`${ledger.address}${path}`);
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.locator("nav").waitFor();
}

const cell = (environment: string, service: string) =>
  page.locator(`[data-environment="${environment}"][data-service="${service}"]`);

const Findings = z.array(z.string());

/** The findings of axe that stop people. */
async function findings(): Promise<string[]> {
  await page.evaluate(AXE);
  return Findings.parse(
    await page.evaluate(`axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | ")))`),
  );
}

const BILLING = "environment=production&service=acme%2Fbilling";
const VIEWS: readonly (readonly [name: string, path: string, shows: string])[] = [
  ["matrix", "/?days=90", ".cell .version"],
  ["release", `/?days=90&${BILLING}`, ".panel .facts"],
  ["plan", `/?days=90&${BILLING}&plan.last=good`, ".panel .steps"],
  ["comparison", "/?days=90&compare=production", ".cell.differs"],
  ["changes", `/why?${BILLING}&window=14d`, "tbody tr"],
  ["timeline", "/timeline?days=90", "tbody tr"],
  ["delivery", "/delivery?days=90&environment=production", "tbody tr"],
  ["audit", "/audit?days=90&environment=production", "tbody tr"],
  ["health", "/health", "tbody tr"],
];

describe("every view", () => {
  for (const scheme of ["light", "dark"] as const) {
    it(`can be read by everyone, in the ${scheme} scheme`, async () => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(ledger.address);
      expect(await findings()).toEqual([]);
      await signIn("/");
      for (const [name, path, shows] of VIEWS) {
        await page.goto(`${ledger.address}${path}`);
        await page.locator(shows).first().waitFor();
        // What is loading is dimmed.
        await page.waitForLoadState("networkidle");
        expect({ name, findings: await findings() }).toEqual({ name, findings: [] });
      }
    });
  }

  it("fits a phone: one place, a list, nothing beyond the edge", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await signIn("/");
    for (const [name, path, shows] of VIEWS) {
      await page.goto(`${ledger.address}${path}`);
      await page.locator(shows).first().waitFor({ state: "attached" });
      const beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect({ name, beyond }).toEqual({ name, beyond: 0 });
    }
    await page.goto(`${ledger.address}/?days=90`);
    await expect.poll(() => page.locator(".cell:visible").count(), { timeout: 15_000 }).toBe(6);
  });
});

describe("the matrix", () => {
  it("goes to last month by dragging, without asking the ledger, and back", async () => {
    await signIn("/?days=90");
    await cell("staging", "acme/billing").locator(".version").waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const strip = await page.locator(".strip").boundingBox();
    if (strip === null) throw new Error("there is no time strip");
    await page.mouse.move(strip.x + strip.width - 4, strip.y + 30);
    await page.mouse.down();
    await page.mouse.move(strip.x + strip.width * (2 / 3), strip.y + 30, { steps: 10 });
    await expect.poll(() => cell("production", "acme/billing").textContent()).toContain("1.5.0");
    expect(asked.filter((path) => path !== "/v1/environments")).toEqual([]);
    await page.mouse.up();
    await expect.poll(() => page.locator(".when").textContent()).toContain("you look at");
    expect(new URL(page.url()).searchParams.get("at")).toMatch(/^\d{4}-/);
    await page.reload();
    await expect.poll(() => cell("production", "acme/billing").textContent()).toContain("1.5.0");
    await page.getByRole("button", { name: "back to now" }).click();
    await expect.poll(() => cell("production", "acme/billing").textContent()).toContain("1.8.0");
  });

  it("is worked by the keyboard alone: find, open, plan, why, link, close", async () => {
    await signIn("/?days=90");
    await cell("production", "acme/shop").locator(".version").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("billing");
    await expect.poll(() => page.locator(".cell").count()).toBe(3);
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.keyboard.press("l");
    await page.keyboard.press("h");
    await page.keyboard.press("Enter");
    await page.locator(".panel .facts").waitFor();
    await page.keyboard.press("p");
    await page.locator(".panel .steps").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".panel").waitFor({ state: "detached" });
    await page.keyboard.press("[");
    await page.locator(".bar-past").waitFor();
    await page.keyboard.press("y");
    await page.getByText("link copied").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(page.url());
    await page.keyboard.press("n");
    await page.locator(".bar-past").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("shop");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "acme/shop · production" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("w");
    await page.getByRole("heading", { name: "What changed before it broke" }).waitFor();
  });

  it("folds more than six places by group, and opens a group by keyboard and by pointer", async () => {
    const environments = [
      ...["production", "production.us-1"].map((environment) => ({ environment, groups: ["production"] })),
      ...["staging", "dev"].map((environment) => ({ environment })),
      ...[1, 2, 3, 4, 5].map((n) => ({ environment: `review/${n}`, groups: ["review"] })),
    ].map((one) => ({ ...one, running: 3, services: 3, silentSince: null }));
    const at = new Date().toISOString();
    await page.route("**/v1/environments*", (route: Route) =>
      route.fulfill({ json: { at, knownAt: at, settled: true, environments, next: null } }),
    );
    await page.route("**/v1/history*", (route: Route) => {
      const environment = new URL(route.request().url()).searchParams.get("environment") ?? "";
      const told = manyServices(3, environment === "review/2" ? 3 : 2, Date.now() - 30 * DAY, 30 * DAY);
      return route.fulfill({
        json: { ...told, environment, places: told.places.map((one) => ({ ...one, environment })) },
      });
    });
    await signIn("/");
    const folded = page.locator('[data-cell="0,4"]');
    await expect.poll(() => folded.textContent()).toBe("1.1.04 of 5 ≠ 2");
    expect(await findings()).toEqual([]);
    const columns = page.locator('.head [role="columnheader"]');
    expect(await columns.count()).toBe(6);
    await page.keyboard.press("j");
    for (let n = 0; n < 4; n++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect.poll(() => columns.count()).toBe(10);
    expect(new URL(page.url()).searchParams.getAll("open")).toEqual(["review"]);
    await page.reload();
    await expect.poll(() => columns.count()).toBe(10);
    await page.locator('[data-environment="review/1"]').first().focus();
    await page.keyboard.press("f");
    await expect.poll(() => columns.count()).toBe(6);
    expect(await page.evaluate("document.activeElement.dataset.group")).toBe("review");
    await page.getByRole("button", { name: "review 5 places" }).click();
    await expect.poll(() => columns.count()).toBe(10);
    await page.locator("[aria-label='Fold review']:focus").waitFor();
    await page.getByRole("button", { name: "Fold production" }).click();
    await expect.poll(() => columns.count()).toBe(9);
    expect(new URL(page.url()).searchParams.getAll("fold")).toEqual(["production"]);
  });

  it("shows a thousand services that ran a hundred thousand deployments, and follows the pointer", async () => {
    await page.route("**/v1/environments*", (route: Route) =>
      route.fulfill({
        json: {
          at: new Date().toISOString(),
          knownAt: new Date().toISOString(),
          settled: true,
          environments: [{ environment: "production", running: 1000, services: 1000, silentSince: null }],
          next: null,
        },
      }),
    );
    await page.route("**/v1/history*", (route: Route) =>
      route.fulfill({ json: manyServices(1000, 100, Date.now() - 30 * DAY, 30 * DAY) }),
    );
    await signIn("/");
    await expect.poll(() => page.locator(".cell .version").count(), { timeout: 20_000 }).toBe(1000);
    const frames = z.array(z.number()).parse(await page.evaluate(SCRUB));
    expect(frames).toHaveLength(20);
    const sorted = frames.map((ms) => Math.round(ms)).toSorted((a, b) => a - b);
    console.log(
      `1,000 services, 100,000 deployments: ${sorted[10]} ms to the next frame, at most ${sorted.at(-1)} ms`,
    );
    await expect.poll(() => page.locator(".when").textContent()).toContain("you look at");
  });
});

describe("delivery", () => {
  it("shows four numbers, what each means, and leads from a deployment to what ran then", async () => {
    const admin = clientOf(over(ledger.address), ADMIN);
    const place = { environment: "production", service: "acme/billing" };
    const { entries } = Timeline.parse((await admin.get("/v1/timeline", { ...place, from: "-90d" })).json);
    const last = entries.findLast(({ what }) => what === "deployed");
    const broke = (minutes: number) => new Date(Date.parse(last?.at ?? "") + minutes * 60_000).toISOString();
    const told = { ...place, incident: "INC-7", title: "invoices are <b>wrong</b>" };
    await admin.sayAll([
      event("incident.opened", "INC-7", broke(5), told),
      event("incident.resolved", "INC-7-end", broke(95), told),
    ]);
    await signIn("/?days=90");
    await page.getByRole("link", { name: "Delivery" }).click();
    await page.locator(".figures strong").first().waitFor();
    await page.getByLabel("what").selectOption("acme/billing");
    await page.getByText("invoices are <b>wrong</b>").waitFor();
    const figures = page.locator(".figures");
    await expect.poll(() => page.locator("main").textContent()).toContain("1h30");
    for (const name of [
      "Deployment frequency",
      "Lead time for changes",
      "Change failure rate",
      "Time to restore",
    ])
      expect(await figures.textContent()).toContain(name);
    expect(new URL(page.url()).searchParams.get("service")).toBe("acme/billing");
    await page.locator("tbody tr", { hasText: "an incident" }).getByRole("link").click();
    await page.locator(".panel .facts").waitFor();
    expect(Date.parse(new URL(page.url()).searchParams.get("at") ?? "")).toBe(Date.parse(last?.at ?? ""));
  });
});

describe("a release", () => {
  it("is redeployed with a reason, followed, and cancelled", async () => {
    await signIn(`/?days=90&environment=staging&service=acme%2Fbilling&plan.last=good`);
    await page.getByRole("button", { name: "Redeploy …" }).click();
    await page.getByLabel("Reason, for the history").fill("checkout fails");
    await page.getByRole("button", { name: "Redeploy", exact: true }).click();
    await page.getByText("redeployment requested").waitFor();
    await page.getByRole("button", { name: "Cancel it" }).click();
    await page.getByText("redeployment cancelled").waitFor();
  });

  it("offers a reader nothing that would be refused", async () => {
    await signIn(`/?days=90&${BILLING}&plan.last=good`, READER);
    await page.locator(".panel .steps").waitFor();
    expect(await page.getByRole("button", { name: "Redeploy …" }).count()).toBe(0);
  });

  it("leads from what changed to the plan that undoes it, and its commands are copied", async () => {
    await signIn(`/why?${BILLING}&window=14d`);
    await page.getByRole("link", { name: "undo" }).first().click();
    await page.locator(".panel .steps").waitFor();
    await page.getByRole("button", { name: "Copy command of step 1" }).first().click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toMatch(/\S/);
  });
});

/** Sends a request to the ledger, as an admin. */
const post = (path: string, body: object, type = "application/json"): Promise<Response> =>
  fetch(`${ledger.address}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ADMIN}`, "Content-Type": type },
    body: JSON.stringify(body),
  });

describe("a person", () => {
  it("signs in at the identity provider, comes back to the view, and signs out", async () => {
    await page.goto(`${ledger.address}/?days=90`);
    await page.getByRole("link", { name: /Sign in with 127/ }).click();
    await page.locator('input[name="login"]').fill("jane");
    await page.locator('input[name="password"]').fill("any");
    await page.locator('button[type="submit"]').click();
    await page.locator('button[type="submit"]').click();
    await cell("production", "acme/billing").locator(".version").waitFor();
    expect(new URL(page.url()).searchParams.get("days")).toBe("90");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByText("jane, role operator").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: /Sign in with/ }).waitFor();
    await page.reload();
    await page.getByRole("link", { name: /Sign in with/ }).waitFor();
  });
});

describe("audit", () => {
  it("lists what each control finds, and the changes of the one that is chosen", async () => {
    await signIn("/audit?days=90&environment=production");
    await page.getByRole("heading", { name: "Changes" }).waitFor();
    const all = await page.locator("tbody tr").count();
    await page.getByRole("button", { name: "no_verified_build" }).click();
    await page.getByRole("heading", { name: "Changes: no_verified_build" }).waitFor();
    expect(await page.locator("tbody tr").count()).toBeLessThan(all);
  });

  it("is no view of somebody who may not export", async () => {
    await signIn("/?days=90", READER);
    await cell("production", "acme/billing").locator(".version").waitFor();
    expect(await page.getByRole("link", { name: "Audit" }).count()).toBe(0);
  });
});

describe("health", () => {
  it("shows what was quarantined, and why it is refused again; it is discarded with a reason", async () => {
    const kept = await post(
      "/v1/events",
      {
        specversion: "1.0",
        type: "dev.asof.artifact.pushed.v1",
        source: "/x",
        id: "1",
        time: "2026-01-01T00:00:00Z",
        data: {},
      },
      "application/cloudevents+json",
    );
    expect(kept.status, await kept.clone().text()).toBe(422);
    await signIn("/health");
    await page.getByText(/quarantined: refused/).waitFor();
    await page.getByRole("button", { name: "take it again" }).first().click();
    await page.locator('[role="alert"].tone-bad').first().waitFor();
    const before = await page.getByRole("button", { name: "take it again" }).count();
    await page.getByText("discard …").first().click();
    await page.getByLabel("Reason, for the log").first().fill("a test of the sender");
    await page.getByRole("button", { name: "Discard" }).first().click();
    await expect.poll(() => page.getByRole("button", { name: "take it again" }).count()).toBe(before - 1);
  });
});

describe("a frozen place", () => {
  it("is marked in the matrix, and no longer once the freeze ends", async () => {
    const place = { environment: "staging", service: "acme/shop" };
    const frozen = await post("/v1/freezes", { ...place, reason: "an audit" });
    expect(frozen.status, await frozen.clone().text()).toBe(201);
    await signIn("/?days=90");
    await cell("staging", "acme/shop").locator(".version").waitFor();
    await expect.poll(() => cell("staging", "acme/shop").textContent()).toContain("frozen");
    await post("/v1/freezes/end", { ...place, reason: "it is over" });
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await expect.poll(() => cell("staging", "acme/shop").textContent()).not.toContain("frozen");
  });
});

describe("what goes wrong", () => {
  it("a token that is no longer valid leads to the sign-in, which says so", async () => {
    await signIn("/?days=90");
    await cell("production", "acme/billing").waitFor();
    await page.evaluate('sessionStorage.setItem("asof.token", "expired-token-of-yesterday")');
    await page.reload();
    await page.getByText("This token is unknown or no longer valid.").waitFor();
    expect(new URL(page.url()).searchParams.get("days")).toBe("90");
  });

  it("a ledger that does not answer leaves what was shown, with its time", async () => {
    await signIn("/?days=90");
    await cell("production", "acme/billing").locator(".version").waitFor();
    await page.route("**/v1/**", (route: Route) => route.abort());
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await page.getByText(/As of .* retrying/).waitFor({ timeout: 20_000 });
    expect(await cell("production", "acme/billing").textContent()).toContain("1.8.0");
  });
});
