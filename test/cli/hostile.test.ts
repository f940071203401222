/** Names that look like something else: a command, a digest, a time, markup. Whoever wrote them, they stay names. */
import { afterEach, describe, expect, it } from "vitest";
import { event } from "../client.ts";
import { deployed, tokenOf } from "../http/given.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

const NAMES = [
  "log",
  "sha256:abc",
  "sha256:abcdef0",
  "deadbeef",
  "prod:eu@2",
  "production~1",
  "a b/c",
  "yesterday",
  "<b onclick=x>&amp;",
  "$(touch x);`y`",
  "x".repeat(255),
  "ü".repeat(127),
];

const run = ({ url }: LedgerServer, ...args: string[]) =>
  asof(args, { ASOF_URL: url, ASOF_TOKEN: tokenOf("reader"), TZ: "UTC" });

async function ledgerWith(...environments: readonly string[]): Promise<LedgerServer> {
  const ledger = await ledgerServer();
  for (const [n, environment] of environments.entries()) {
    const deployment = { provider: "test", instance: "here", id: String(n) };
    const more = { environment, service: "acme/web", deployment };
    expect((await ledger.doors.client().say(deployed(String(n), undefined, more))).status).toBe(201);
  }
  return ledger;
}

/** The words of a command line, as a POSIX shell reads what `quoted` wrote. */
const wordsIn = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|\\(')/g,
      (_, text: string | undefined, quote: string | undefined) => text ?? quote ?? "",
    ),
  );

describe("a place with a hostile name", () => {
  it("is shown by its words, and by the exact command where they may mean something else", async () => {
    const ledger = await ledgerWith(...NAMES);
    for (const name of NAMES) {
      const { code, out, err } = await run(ledger, "show", `${name}/web`);
      expect({ name, code, err }).toEqual({ name, code: 0, err: "" });
      expect(out).toContain(`acme/web · ${name}`);
      const alone = await run(ledger, "show", name);
      if (alone.code === 0) continue;
      expect({ name, code: alone.code }).toEqual({ name, code: 2 });
      const exact = alone.err.split("\n").find((line) => line.includes(" -e "));
      const [, ...words] = wordsIn(exact ?? "");
      expect(await run(ledger, ...words)).toMatchObject({
        code: 0,
        out: expect.stringContaining("acme/web"),
      });
    }
  });

  it("is planned, compared and watched for drift, too", async () => {
    const ledger = await ledgerWith("log", "prod:eu@2");
    expect((await run(ledger, "diff", "log", "prod:eu@2")).code).toBe(0);
    expect((await run(ledger, "drift", "log")).code).toBe(0);
    expect((await run(ledger, "log", "log")).code).toBe(0);
    const plan = await run(ledger, "plan", "prod:eu@2/web", "--at", "2026-11-01");
    expect(plan.out).toContain("acme/web · prod:eu@2");
  });
});

describe("a text that turns its direction or hides characters", () => {
  const CONTROLS = "\u202egnp.\u2066\u200b";

  it("is shown as escapes, in every form", async () => {
    const ledger = await ledgerWith("production");
    const title = `harmless${CONTROLS}`;
    const note = { environment: "production", service: "acme/web", type: "flag", title };
    const noted = event("change.noted", "n", "2026-11-21T00:00:00Z", note);
    expect((await ledger.doors.client().say(noted)).status).toBe(201);
    for (const form of ["table", "json", "csv", "yaml"]) {
      const { code, out } = await run(ledger, "log", "production", "-o", form);
      expect(code).toBe(0);
      expect(out).toContain("harmless");
      expect([form, [...CONTROLS].filter((one) => /[^\x20-\x7e]/.test(one) && out.includes(one))]).toEqual([
        form,
        [],
      ]);
    }
    const json = JSON.parse((await run(ledger, "log", "production", "-o", "json")).out);
    expect(JSON.stringify(json)).toContain(JSON.stringify(title).slice(1, -1));
  });
});

describe("--ascii", () => {
  it("prints nothing else", async () => {
    const ledger = await ledgerWith("production");
    const { out } = await run(ledger, "show", "production/web", "--ascii");
    expect(out).toMatch(/^[\x20-\x7e\n]+$/);
    const log = await run(ledger, "log", "production", "--since", "60d", "--ascii");
    expect(log.out).toMatch(/^[\x20-\x7e\n]+$/);
    expect(log.out).toContain(" ^ ");
  });
});
