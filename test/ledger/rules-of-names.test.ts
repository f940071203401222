import { describe, expect, it } from "vitest";
import { cases, learned, ledger, takenBack } from "./cases.ts";
import {
  component,
  deployment,
  described,
  image,
  main,
  migration,
  observed,
  removed,
  started,
  succeeded,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const second = { deployment: deployment("2") };

/** Two spellings of one name. */
const SAME = [
  ["without case", "production", "PRODUCTION"],
  ["without case beyond ASCII", "ÄPFEL", "äpfel"],
  ["composed and decomposed", "review/caf\u00e9", "review/cafe\u0301"],
  ["without case, composed and decomposed", "CAF\u00c9", "cafe\u0301"],
  ["a dotted capital I and its small letters", "\u0130zmir", "i\u0307zmir"],
  ["a dotted capital I, composed and decomposed", "\u0130zmir", "I\u0307zmir"],
  ["the Kelvin sign and a K", "\u212aelvin", "kelvin"],
  ["a capital without a sign of its own (J with caron)", "J\u030cena", "\u01f0ena"],
] as const;

/** Two names that must not be taken for one another. */
const OTHER = [
  ["a dotless i and an i", "\u0131zmir", "izmir"],
  ["a dotted capital I and an i", "\u0130zmir", "izmir"],
  ["with and without an accent", "caf\u00e9", "cafe"],
  ["a slash and its percent-encoding", "review/x", "review%2Fx"],
  ["a percent sign and its percent-encoding", "50%", "50%25"],
  ["a hash and its percent-encoding", "a#b", "a%23b"],
  ["with a slash and its first part", "review/x", "review"],
  ["with a hash and its first part", "a#b", "a"],
  ["with a space inside and with a plus sign", "a b", "a+b"],
  ["with a tilde behind it", "a", "a~"],
] as const;

const FIELDS = ["environment", "service"] as const;

describe.each(FIELDS)("an %s", (field) => {
  const told = async (name: string) => {
    const one = ledger();
    await one.tell(succeeded("08:00", [main({ digest: ONE })], { [field]: name }));
    return one;
  };

  it.each(SAME)("is one name: %s", async (_, a, b) => {
    for (const [said, asked] of [
      [a, b],
      [b, a],
      [a, a],
    ] as const) {
      expect(await (await told(said)).ask({ [field]: asked })).toMatchObject({
        status: "running",
        [field]: said,
      });
    }
  });

  it.each(OTHER)("is another name: %s", async (_, a, b) => {
    expect(await (await told(a)).ask({ [field]: b })).toBeUndefined();
    expect(await (await told(b)).ask({ [field]: a })).toBeUndefined();
    expect(await (await told(a)).ask({ [field]: a })).toMatchObject({ status: "running", [field]: a });
  });
});

describe("a component", () => {
  const answered = async (first: string, then: string) => {
    const one = ledger();
    await one.tell(succeeded("08:00", [component(first, { digest: ONE })]));
    await one.tell(
      succeeded("09:00", [component(then, { digest: TWO })], { scope: "components", ...second }),
    );
    return (await one.ask())?.components.map(({ component, digest }) => [component, digest]);
  };

  it.each(SAME)("is one name: %s", async (_, a, b) => {
    expect(await answered(a, b)).toEqual([[b, TWO]]);
    expect(await answered(b, a)).toEqual([[a, TWO]]);
  });

  it.each(OTHER)("is another name: %s", async (_, a, b) => {
    expect(await answered(a, b)).toHaveLength(2);
  });
});

describe("a database", () => {
  const answered = async (first: string, then: string) => {
    const one = ledger();
    await one.tell(migration("applied", "08:00", "1", { database: first }));
    await one.tell(migration("applied", "09:00", "2", { database: then }));
    const answer = await one.ask();
    return answer?.migrations === "unknown" ? [] : answer?.migrations.map(({ version }) => version);
  };

  it.each(SAME)("is one name: %s", async (_, a, b) => {
    expect(await answered(a, b)).toEqual(["2"]);
    expect(await answered(b, a)).toEqual(["2"]);
  });

  it.each(OTHER)("is another name: %s", async (_, a, b) => {
    expect((await answered(a, b))?.toSorted()).toEqual(["1", "2"]);
  });
});

cases("of names in other spellings", [
  {
    rule: "everything said under any of them is of one service",
    given: [
      succeeded("08:00", [main({ digest: ONE })]),
      started("09:00", [main({ digest: TWO })], { ...second, service: "Acme/Billing" }),
      succeeded("09:05", [main({ digest: TWO })], { ...second, environment: "Production" }),
      observed("09:10", [main({ digest: TWO })], { service: "ACME/BILLING" }),
      described({ service: "Acme/billing", owner: "team-billing" }),
    ],
    answers: {
      environment: "Production",
      service: "acme/billing",
      since: "09:05",
      components: [{ digest: TWO }],
      owner: "team-billing",
      attempt: null,
    },
  },
  {
    rule: "it is called as the fact that decides it calls it",
    given: [
      succeeded("08:00", [main({ digest: ONE })]),
      succeeded("09:00", [main({ digest: TWO })], { ...second, service: "Acme/Billing" }),
    ],
    at: "08:30",
    answers: { service: "acme/billing", until: "09:00" },
  },
  {
    rule: "removed under one of them it is gone under all",
    given: [succeeded("08:00", [main({ digest: ONE })]), removed("09:00", { service: "ACME/billing" })],
    answers: { status: "removed", since: "09:00" },
  },
]);

const inCluster = (at: string, cluster: string, more: object = {}) =>
  succeeded(at, [main({ digest: ONE })], { cluster, ...more });
const elsewhere = inCluster("09:00", "us-1");

cases("of clusters in one environment", [
  {
    rule: "one of them needs no warning",
    given: [inCluster("08:00", "eu-1"), inCluster("09:00", "eu-1")],
    answers: { cluster: "eu-1", warnings: [] },
  },
  {
    rule: "two of them are warned of, for an environment is one place",
    given: [inCluster("08:00", "eu-1"), inCluster("09:00", "us-1")],
    answers: { cluster: "us-1", warnings: ["two_clusters"] },
  },
  {
    rule: "at any moment",
    given: [inCluster("08:00", "eu-1"), inCluster("09:00", "us-1")],
    at: "08:30",
    answers: { cluster: "eu-1", warnings: ["two_clusters"] },
  },
  {
    rule: "of two services there, each has its own",
    given: [inCluster("08:00", "eu-1"), inCluster("09:00", "us-1", { service: "acme/web" })],
    answers: { warnings: [] },
  },
  {
    rule: "of two environments, each has its own",
    given: [inCluster("08:00", "eu-1"), inCluster("09:00", "us-1", { environment: "production.us-1" })],
    answers: { warnings: [] },
  },
  {
    rule: "one that only an observation names counts",
    given: [inCluster("08:00", "eu-1"), observed("09:00", [main({ digest: ONE })], { cluster: "us-1" })],
    answers: { cluster: "eu-1", warnings: ["two_clusters"] },
  },
  {
    rule: "one that was named by mistake is warned of all the same",
    given: [inCluster("08:00", "eu-1"), elsewhere, takenBack("10:00", elsewhere)],
    answers: { cluster: "eu-1", warnings: ["two_clusters"] },
  },
  {
    rule: "one that was not known by then is not warned of",
    given: [inCluster("08:00", "eu-1"), learned("12:00", inCluster("09:00", "us-1"))],
    knownAt: "11:00",
    answers: { warnings: [] },
  },
]);

describe("of clusters in one environment", () => {
  it("one in another case is the same one", async () => {
    const one = ledger();
    await one.tell(inCluster("08:00", "eu-1"));
    await one.tell(inCluster("09:00", "EU-1"));
    expect(await one.ask()).toMatchObject({ cluster: "EU-1", warnings: [] });
  });
});
