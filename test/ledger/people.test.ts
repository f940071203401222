import { beforeEach, describe, expect, it } from "vitest";
import { append, type Outcome, type Receipt } from "../../functions/ledger/append.ts";
import { rawHash } from "../../functions/ledger/canonical.ts";
import type { Reads } from "../../functions/ledger/loader.ts";
import {
  issuerOf,
  type People,
  type Register,
  remembering,
  revealed,
  revealingAhead,
} from "../../functions/ledger/people/people.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import type { Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { type Fault, memoryStore } from "../store/memory.ts";
import { committedAs, foundAs, memoryPeople } from "../store/memory-people.ts";

const deployment = EXAMPLES["deployment.succeeded"];
const OCTOCAT = { issuer: issuerOf(deployment.source), login: "octocat" };
const COMMITMENT = /^person:[0-9a-f]{64}$/;

describe("who vouches for a login", () => {
  it.each([
    ["/webhooks/github/github.com/acme/billing", "/webhooks/github/github.com"],
    ["/webhooks/github/ghe.acme.dev/acme/billing", "/webhooks/github/ghe.acme.dev"],
    ["/webhooks/gitlab/gitlab.com/acme/shop/web", "/webhooks/gitlab/gitlab.com"],
    ["/webhooks/harbor/harbor.acme.dev", "/webhooks/harbor/harbor.acme.dev"],
    ["/webhooks/argocd/apps/argocd/billing", "/webhooks/argocd/apps"],
    ["/ci/acme/billing", "/ci/acme"],
    ["/ci/acme", "/ci/acme"],
    ["/ci", "/ci"],
    ["ci/acme/billing", "ci/acme"],
    ["/cli/github.com/acme/billing", "/cli/github.com"],
    ["https://github.com/acme/billing", "https://github.com"],
    ["//ci.acme.dev/jobs?x#y", "//ci.acme.dev"],
    ["/ci/acme?x=/y/z", "/ci/acme"],
    ["urn:acme:ci", "urn:acme:ci"],
    ["/asof/marks", "/asof"],
    ["/asof/redeployments", "/asof"],
    ["/asofter/marks", "/asofter/marks"],
  ])("in a statement of %s is %s", (source, issuer) => {
    expect(issuerOf(source)).toBe(issuer);
  });
});

/** A ledger whose two tables count what is asked of them, and fail when they are told to. */
function ledger() {
  const state = { store: (): Fault => "none", people: (_: keyof People | keyof Register): Fault => "none" };
  const calls: string[] = [];
  const store = memoryStore({ fault: (operation) => (operation === "put" ? state.store() : "none") });
  const people = memoryPeople((operation) => {
    calls.push(operation);
    return state.people(operation);
  });
  let ms = Date.parse("2027-01-01T00:00:00.000Z");
  const process = () => {
    const remembered = remembering(people, () => new Date(ms));
    const heard = new Set<string>();
    const appending = { store, people: remembered, rules: [], heard, now: () => new Date(ms++) };
    return {
      people: remembered,
      tell: (statement: unknown, receipt: Partial<Receipt> = {}): Promise<Outcome> =>
        append(appending, statement, { reportedBy: "ci", vendor: "events", ...receipt }),
    };
  };
  return { ...process(), another: process, store, table: people, state, calls };
}

let one: ReturnType<typeof ledger>;
beforeEach(() => {
  one = ledger();
});

function factOf(outcome: Outcome): Fact {
  if (outcome.outcome === "rejected") throw new Error(outcome.reason);
  return outcome.fact;
}

describe("a person in a stored fact", () => {
  it("is a commitment, and the login is nowhere in its bytes", async () => {
    const fact = factOf(await one.tell(deployment));
    expect(fact.actor).toMatch(COMMITMENT);
    expect(fact.actor).toBe(await foundAs(one.table, OCTOCAT));
    expect(await one.store.get([deployment])).toEqual([fact]);
    expect(JSON.stringify(fact)).not.toContain("octocat");
  });

  it("is committed to in every field that names one, each under its own login", async () => {
    const evidence = { ...EXAMPLES["evidence.attached"], actor: "hubot", by: "OctoCat" };
    const fact = factOf(await one.tell(evidence));
    const issuer = issuerOf(evidence.source);
    expect(fact).toMatchObject({
      actor: await foundAs(one.table, { issuer, login: "hubot" }),
      by: await foundAs(one.table, { issuer, login: "octocat" }),
    });
    expect(fact.actor).not.toBe(Object.entries(fact).find(([field]) => field === "by")?.[1]);
  });

  it("is the same in all facts of one issuer, without case, and another in another issuer's", async () => {
    const actorOf = async (id: string, more: object) =>
      factOf(await one.tell({ ...deployment, id, ...more })).actor;
    const first = await actorOf("1", {});
    expect(await actorOf("2", { source: "/ci/acme/web", actor: "Octocat" })).toBe(first);
    expect(await actorOf("3", { source: "/ci/other/web" })).not.toBe(first);
    expect(await actorOf("4", { actor: "hubot" })).not.toBe(first);
  });

  it("is committed to before the fact is put, and once where two processes hear of it first", async () => {
    const others = Array.from({ length: 8 }, () => one.another());
    const outcomes = await Promise.all(
      others.map(({ tell }, n) =>
        tell({ ...deployment, id: String(n), actor: n % 2 ? "octocat" : "OCTOCAT" }),
      ),
    );
    const persons = new Set(outcomes.map((outcome) => factOf(outcome).actor));
    expect([...persons]).toEqual([await foundAs(one.table, OCTOCAT)]);
  });

  it("costs nothing once it is remembered", async () => {
    await one.tell(deployment);
    expect(one.calls).toEqual(["find", "commit"]);
    for (let n = 0; n < 5; n++) await one.tell({ ...deployment, id: String(n) });
    expect(one.calls).toEqual(["find", "commit"]);
    await one.another().tell({ ...deployment, id: "again" });
    expect(one.calls).toEqual(["find", "commit", "find"]);
  });

  it.each(["throttled", "lost", "written though failed"] as const)(
    "is the same after a commitment that failed: %s",
    async (fault) => {
      one.state.people = (operation) => (operation === "commit" ? fault : "none");
      await expect(one.tell(deployment)).rejects.toMatchObject({ name: "StoreError" });
      expect(await one.store.get([deployment])).toEqual([]);
      one.state.people = () => "none";
      const fact = factOf(await one.tell(deployment));
      expect(fact.actor).toBe(await foundAs(one.table, OCTOCAT));
    },
  );

  it.each(["person:", `person:${"0".repeat(64)}`, "Person:octocat"])(
    "is nobody's to name: %s",
    async (actor) => {
      const evidence = { ...EXAMPLES["evidence.attached"], by: actor };
      for (const statement of [{ ...deployment, actor }, evidence]) {
        expect(await one.tell(statement)).toMatchObject({
          outcome: "rejected",
          reason: expect.stringMatching(
            /^(actor|by): must be a login; only the ledger uses the prefix person:/,
          ),
        });
      }
      expect(one.calls).toEqual([]);
    },
  );
});

describe("after an erasure", () => {
  const raw = (event: unknown) => ({ vendor: "github", rawHash: rawHash(event) });

  it.each<[string, object, Partial<Receipt>, Partial<Receipt>]>([
    ["what is delivered again", {}, {}, {}],
    ["what is delivered again by a vendor", {}, raw("event"), raw("event")],
  ])("%s is a duplicate, and brings nobody back", async (_, change, first, second) => {
    const recorded = factOf(await one.tell(deployment, first));
    await one.people.erase([recorded.actor ?? ""]);
    for (const { tell } of [one, one.another()]) {
      const outcome = await tell({ ...deployment, ...change }, second);
      expect(outcome).toEqual({ outcome: "duplicate", fact: recorded });
    }
    expect(await foundAs(one.table, OCTOCAT)).toBeUndefined();
    expect(await one.table.reveal([recorded.actor ?? ""])).toEqual(new Map());
  });

  it("the same event, mapped in another way, is a duplicate no more: its hash went with the person", async () => {
    const other = { ...deployment, url: "https://ci.example/8" };
    const recorded = factOf(await one.tell(deployment, raw("event")));
    expect(await one.tell(other, raw("event"))).toEqual({ outcome: "duplicate", fact: recorded });
    await one.people.erase([recorded.actor ?? ""]);
    expect(await one.tell(other, raw("event"))).toMatchObject({ outcome: "conflict" });
    expect(await foundAs(one.table, OCTOCAT)).toBeUndefined();
  });

  it("the hash of an event fits no guess of the event, before and after", async () => {
    const recorded = factOf(await one.tell(deployment, raw("event")));
    expect(await one.store.rawHashOf(recorded)).toMatch(/^[0-9a-f]{64}$/);
    expect(await one.store.rawHashOf(recorded)).not.toBe(rawHash("event"));
    const { actor: _, ...impersonal } = { ...deployment, id: "2" };
    const nobody = factOf(await one.tell(impersonal, raw("event")));
    expect(await one.store.rawHashOf(nobody)).toBe(rawHash("event"));
  });

  it("what says something else is a conflict still, and brings nobody back", async () => {
    const recorded = factOf(await one.tell(deployment));
    await one.people.erase([recorded.actor ?? ""]);
    const other = { ...deployment, url: "https://ci.example/8" };
    expect(await one.tell(other)).toMatchObject({ outcome: "conflict", fact: recorded });
    expect(await foundAs(one.table, OCTOCAT)).toBeUndefined();
  });

  it("who is heard of in something new is another person", async () => {
    const before = factOf(await one.tell(deployment)).actor;
    await one.people.erase([before ?? ""]);
    const after = factOf(await one.tell({ ...deployment, id: "new" })).actor;
    expect(after).toMatch(COMMITMENT);
    expect(after).not.toBe(before);
  });
});

describe("people that are remembered", () => {
  let nowMs = 0;
  let asked: string[][] = [];
  let table: People;
  let people: People;
  beforeEach(() => {
    nowMs = 0;
    asked = [];
    const memory = memoryPeople();
    table = {
      ...memory,
      reveal: (commitments) => {
        asked.push([...commitments]);
        return memory.reveal(commitments);
      },
    };
    people = remembering(table, () => new Date(nowMs));
  });

  it("are asked for once a minute, together, and each once", async () => {
    const [a, b] = [
      await committedAs(people, OCTOCAT),
      await committedAs(people, { ...OCTOCAT, login: "hubot" }),
    ];
    const both = new Map([
      [a, "octocat"],
      [b, "hubot"],
    ]);
    expect(await people.reveal([a, b, a])).toEqual(both);
    nowMs = 59_000;
    expect(await people.reveal([a, b])).toEqual(both);
    expect(asked).toEqual([[a, b]]);
    nowMs = 60_001;
    expect(await people.reveal([b])).toEqual(new Map([[b, "hubot"]]));
    expect(asked).toEqual([[a, b], [b]]);
  });

  it("are asked for once by those who ask at the same time", async () => {
    const a = await committedAs(people, OCTOCAT);
    await Promise.all([people.reveal([a]), people.reveal([a]), people.reveal([a])]);
    expect(asked).toEqual([[a]]);
  });

  it("are gone with the erasure, at once where it was asked for and within a minute elsewhere", async () => {
    const elsewhere = remembering(table, () => new Date(nowMs));
    const a = await committedAs(people, OCTOCAT);
    for (const one of [people, elsewhere]) expect((await one.reveal([a])).get(a)).toBe("octocat");
    await people.erase([a]);
    expect(await people.reveal([a])).toEqual(new Map());
    nowMs = 60_001;
    expect(await elsewhere.reveal([a])).toEqual(new Map());
  });

  it("do not come back by an answer that was on its way when they were erased", async () => {
    const a = await committedAs(people, OCTOCAT);
    const onItsWay = people.reveal([a]);
    await people.erase([a]);
    await onItsWay;
    expect(await people.reveal([a])).toEqual(new Map());
    expect(await foundAs(people, OCTOCAT)).toBeUndefined();
  });

  it("are asked for again soon where one is missing, for one of a moment ago may be", async () => {
    const a = `person:${"0".repeat(64)}`;
    for (const at of [0, 4000, 6000]) {
      nowMs = at;
      await people.reveal([a]);
    }
    expect(asked).toEqual([[a], [a]]);
  });

  it("are not remembered by a failure", async () => {
    let fault: Fault = "lost";
    const failing = remembering(
      memoryPeople(() => fault),
      () => new Date(nowMs),
    );
    await expect(failing.reveal(["person:1"])).rejects.toMatchObject({ name: "StoreError" });
    await expect(foundAs(failing, OCTOCAT)).rejects.toMatchObject({ name: "StoreError" });
    await expect(committedAs(failing, OCTOCAT)).rejects.toMatchObject({ name: "StoreError" });
    fault = "none";
    const commitment = await committedAs(failing, OCTOCAT);
    expect(await foundAs(failing, OCTOCAT)).toBe(commitment);
    expect((await failing.reveal([commitment])).get(commitment)).toBe("octocat");
  });
});

describe("an answer", () => {
  it("shows logins for commitments, also within sentences, as text that JSON can hold", async () => {
    const people = memoryPeople();
    const [a, b] = [
      await committedAs(people, OCTOCAT),
      await committedAs(people, { issuer: "/ci", login: 'Ann "\\" $& é' }),
    ];
    const gone = `person:${"0".repeat(64)}`;
    const answer = { by: a, reasons: [`frozen by ${b}: x`, `by ${gone}`], other: "person:me", n: 1 };
    expect(JSON.parse(await revealed(people, JSON.stringify(answer)))).toEqual({
      by: "octocat",
      reasons: ['frozen by Ann "\\" $& é: x', `by ${gone}`],
      other: "person:me",
      n: 1,
    });
  });

  it("that names nobody asks for nobody", async () => {
    const refusing = memoryPeople(() => "lost");
    expect(await revealed(refusing, '{"by":null}')).toBe('{"by":null}');
  });

  it("has whom it names asked for as the facts are read, and does not fail with them", async () => {
    const asked: (readonly string[])[] = [];
    const people: People = {
      ...memoryPeople(),
      reveal: (commitments) => {
        asked.push(commitments);
        return Promise.reject(new Error("nobody hears of this"));
      },
    };
    const fact = factOf(await one.tell(deployment));
    const reads: Reads = revealingAhead(one.store, people);
    const { environment, service } = deployment;
    const partition = { of: "run", environment: fold(environment), service: fold(service) } as const;
    const page = await reads.query(partition, { limit: 10 });
    expect(page.entries.map((entry) => entry.fact)).toEqual([fact]);
    expect(asked).toEqual([[fact.actor]]);
  });
});
