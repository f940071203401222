/** What was imported, beside what live senders report of the same. */
import { describe, expect, it } from "vitest";
import { tag } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { silentSources } from "../../functions/queries/silent-sources.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import { type Statement, Statement as StatementSchema } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { day, deployed, digestOf, given, recordFacts, retracted, said } from "./given.ts";

const WEB = { environment: "production", service: "acme/web" };
const deployment = { provider: "github", instance: "github.com", id: "7" };

const live = (at = day(3, "10:00:21")) => deployed("production", "acme/web", "one", at, { deployment });
const imported = (at = day(3, "10:00"), more: object = {}): Statement =>
  StatementSchema.parse({
    ...deployed("production", "acme/web", "two", at, { deployment }),
    source: "/import/csv",
    ...more,
  });

const entriesOf = async (statements: readonly Statement[]) => {
  const ledger = await given(...statements);
  const asked = { environment: "production", from: day(1), to: day(30) };
  return (await timeline(ledger.at(day(30)), asked, {}))?.entries.map(({ what, fact, alsoReported }) => ({
    what,
    source: fact.source,
    also: alsoReported?.map(({ source }) => source),
  }));
};

describe("an imported deployment", () => {
  it("gives way to the live report of it, whichever came first, and is named beside it", async () => {
    const expected = [{ what: "deployed", source: "/test", also: ["/import/csv"] }];
    expect(await entriesOf([live(), imported()])).toEqual(expected);
    expect(await entriesOf([imported(day(3, "11:00")), live()])).toEqual(expected);
  });

  it("decides nothing, not even with a later time", async () => {
    const ledger = await given(live(), imported(day(9)));
    const answer = await release(ledger.at(day(20)), WEB);
    expect(answer).toMatchObject({
      since: "2026-10-03T10:00:21.000Z",
      components: [{ digest: digestOf("one") }],
      alsoReported: [{ source: "/import/csv" }],
    });
    expect(answer?.facts.map(({ source }) => source)).not.toContain("/import/csv");
  });

  it("counts until the live report is known", async () => {
    const ledger = await given();
    await ledger.tell(imported(), day(4));
    await ledger.tell(live(), day(6));
    const before = await release(ledger.at(day(20), day(5)), WEB);
    expect(before).toMatchObject({ components: [{ digest: digestOf("two") }] });
    expect(before).not.toHaveProperty("alsoReported");
    expect(await release(ledger.at(day(20)), WEB)).toMatchObject({
      components: [{ digest: digestOf("one") }],
    });
  });

  it("counts again once the live report is retracted", async () => {
    const report = live();
    const ledger = await given(report, imported(), retracted(report));
    expect(await release(ledger.at(day(20)), WEB)).toMatchObject({
      components: [{ digest: digestOf("two") }],
    });
  });

  it.each([
    ["another kind", { kind: "deployment.started" }],
    ["another environment", { environment: "staging" }],
    ["another service", { service: "acme/other" }],
    ["another deployment", { deployment: { ...deployment, id: "8" } }],
    ["a component of it", { scope: "components", components: [{ component: "worker" }] }],
  ])("is an event of its own with %s", async (_, more) => {
    const ledger = await given(live(), imported(undefined, more));
    const answers = await Promise.all(
      ["production", "staging"].map((environment) =>
        timeline(ledger.at(day(30)), { environment, from: day(1), to: day(30) }, {}),
      ),
    );
    const sources = answers.flatMap((answer) => answer?.entries.map(({ fact }) => fact.source) ?? []);
    expect(sources.sort()).toEqual(["/import/csv", "/test"]);
  });

  it("stands once, though two importers read it", async () => {
    const other = imported(day(3, "10:01"), { source: "/import/github" });
    expect(await entriesOf([other, imported()])).toEqual([
      { what: "deployed", source: "/import/csv", also: undefined },
    ]);
  });

  it("of which nothing but its time is known gives way to a live report of a part of it", async () => {
    const part = { scope: "components", components: [{ component: "worker", digest: digestOf("one") }] };
    const statements = [
      StatementSchema.parse({ ...live(), ...part }),
      imported(undefined, { components: [{ component: "main" }] }),
    ];
    expect(await entriesOf(statements)).toEqual([
      { what: "deployed", source: "/test", also: ["/import/csv"] },
    ]);
  });

  it("of several counts as the one that names images, though it came later and says a later time", async () => {
    const bare = imported(day(3, "09:59"), { source: "/import/argocd", components: [{ component: "main" }] });
    for (const statements of [
      [bare, imported()],
      [imported(), bare],
    ])
      expect(await release((await given(...statements)).at(day(20)), WEB)).toMatchObject({
        since: day(3, "10:00"),
        components: [{ digest: digestOf("two") }],
      });
  });

  it("costs a release no request that its evidence does not need, too", async () => {
    let count = 0;
    const store = memoryStore({
      fault() {
        count++;
        return "none";
      },
    });
    await recordFacts(store, [imported()]);
    const known = { store, at: day(20), knownAt: day(25), now: new Date(day(26)), settleMs: 1000 };
    count = 0;
    await release(known, WEB);
    const asImported = count;
    const other = memoryStore({
      fault() {
        count++;
        return "none";
      },
    });
    await recordFacts(other, [{ ...imported(), source: "/test" }]);
    count = 0;
    await release({ ...known, store: other }, WEB);
    expect(asImported).toBe(count);
  });
});

describe("an imported push", () => {
  const push = (source: string, at: string, image = "one") =>
    StatementSchema.parse({
      ...said("artifact.pushed", at, {
        repository: "ghcr.io/acme/web",
        tag: "1.0",
        digest: digestOf(image),
      }),
      source,
    });
  const historyOf = async (...statements: readonly Statement[]) => {
    const ledger = await given(...statements);
    const answer = await tag(ledger.at(day(30)), { repository: "ghcr.io/acme/web", tag: "1.0" });
    return answer?.history.map(({ fact }) => fact.source);
  };

  it("gives way to a live one of the same tag, digest and time", async () => {
    expect(await historyOf(push("/import/oci", day(3)), push("/test", day(3)))).toEqual(["/test"]);
  });

  it("of another time or image is another push", async () => {
    expect(await historyOf(push("/import/oci", day(2)), push("/test", day(3)))).toEqual([
      "/test",
      "/import/oci",
    ]);
    expect(await historyOf(push("/import/oci", day(3), "two"), push("/test", day(3)))).toHaveLength(2);
  });
});

it("takes no importer for a source that fell silent", async () => {
  const ledger = await given();
  for (let minute = 0; minute < 50; minute += 5)
    for (const source of ["/import/csv", "/test"]) {
      const at = day(3, `10:${String(minute).padStart(2, "0")}`);
      const one = imported(at, { source, deployment: { ...deployment, id: `${source} ${minute}` } });
      await ledger.tell(one, at);
    }
  const silent = await silentSources(ledger.at(day(20)), new Map());
  expect(silent.map(({ source }) => source)).toEqual(["/test"]);
});

describe("a deployment that a repository of manifests declares", () => {
  const config = [{ repository: "https://github.com/acme/deploy", revision: "77aa01c" }];
  const declared = imported(day(3), { source: "/import/git", declared: true, config });

  it("is the answer, which says that nobody reported that it was applied", async () => {
    const answer = await release((await given(declared)).at(day(20)), WEB);
    expect(answer).toMatchObject({
      status: "running",
      components: [{ digest: digestOf("two") }],
      warnings: [
        {
          code: "declared_only",
          message:
            "commit 77aa01c of https://github.com/acme/deploy declares it; nobody reported that it was applied",
        },
      ],
    });
  });

  it("is confirmed by a look that shows its images", async () => {
    const seen = said("deployment.observed", day(4), {
      ...WEB,
      components: [{ component: "main", digest: digestOf("two") }],
    });
    const answer = await release((await given(declared, seen)).at(day(20)), WEB);
    expect(answer?.warnings).toEqual([]);
  });

  it("is marked in the timeline", async () => {
    const ledger = await given(declared);
    const answer = await timeline(
      ledger.at(day(30)),
      { environment: "production", from: day(1), to: day(30) },
      {},
    );
    expect(answer?.entries).toMatchObject([{ what: "deployed", declared: true }]);
  });
});
