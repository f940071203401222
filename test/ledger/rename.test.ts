import { describe, expect, it } from "vitest";
import { type Rule, Rules, rename } from "../../functions/ledger/names/naming-rules.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import { KINDS, type Statement } from "../../schemas/fact.ts";
import { ledger } from "./cases.ts";
import {
  component,
  deleted,
  described,
  image,
  main,
  observed,
  pushed,
  removed,
  renamed,
  succeeded,
  task,
} from "./saying.ts";

const ARN = "123456789012/eu-central-1/production";
const runs = (more: object = {}, ...components: readonly object[]) =>
  succeeded("08:00", components.length === 0 ? [main()] : components, more);
const named = (rules: readonly Rule[], statement: Statement, vendor = "aws") =>
  rename(rules, vendor, statement);

const toShort: Rule = {
  match: { vendor: "aws", environment: "123456789012/*/*" },
  set: { environment: "$2.$1", group: "$2" },
};

describe("naming rules", () => {
  it("that are none leave everything as it was said", () => {
    for (const kind of KINDS) expect(named([], EXAMPLES[kind])).toEqual(EXAMPLES[kind]);
  });

  it("that match nothing leave everything as it was said", () => {
    const rule: Rule = {
      match: { source: "/nobody" },
      set: { environment: "x", service: "x", component: "x" },
    };
    for (const kind of KINDS) expect(named([rule], EXAMPLES[kind])).toEqual(EXAMPLES[kind]);
  });

  it("make a long name short, with what the asterisks took", () => {
    expect(named([toShort], runs({ environment: ARN }))).toMatchObject({
      environment: "production.eu-central-1",
      group: "production",
      service: "acme/billing",
    });
  });

  it.each([
    ["of another vendor", "github", ARN],
    ["that only begins so", "aws", "123456789012"],
    ["of another account", "aws", "999999999999/eu-central-1/production"],
  ])("leave a name alone %s", (_, vendor, environment) => {
    const statement = runs({ environment });
    expect(named([toShort], statement, vendor)).toEqual(statement);
  });

  it("match without case and the whole name, and take an asterisk's empty text", () => {
    const rule: Rule = { match: { service: "ACME/*billing*" }, set: { service: "$1billing$2" } };
    expect(named([rule], runs({ service: "acme/Billing" }))).toMatchObject({ service: "billing" });
    expect(named([rule], runs({ service: "acme/old-billing-2" }))).toMatchObject({
      service: "old-billing-2",
    });
    expect(named([rule], runs({ service: "x/acme/billing" }))).toMatchObject({ service: "x/acme/billing" });
  });

  it("take every sign but the asterisk as it is", () => {
    const rule: Rule = { match: { service: "a.b+(c)?[d]^$|" }, set: { service: "found" } };
    expect(named([rule], runs({ service: "a.b+(c)?[d]^$|" }))).toMatchObject({ service: "found" });
    expect(named([rule], runs({ service: "axb+(c)?[d]^$|" }))).toMatchObject({ service: "axb+(c)?[d]^$|" });
  });

  it("number what asterisks took across the fields that match, in their order", () => {
    const rule: Rule = { match: { service: "acme/*", environment: "*-eu" }, set: { environment: "$1/$2" } };
    expect(named([rule], runs({ environment: "prod-eu" }))).toMatchObject({ environment: "prod/billing" });
  });

  it("do not read what an asterisk took as a template", () => {
    const rule: Rule = { match: { service: "*/*" }, set: { service: "$1" } };
    expect(named([rule], runs({ service: "$2/billing" }))).toMatchObject({ service: "$2" });
  });

  it("count by name: the first that sets a name, whatever the later ones say", () => {
    const rules: Rule[] = [
      { match: { service: "acme/*" }, set: { service: "first" } },
      { match: { service: "acme/billing" }, set: { service: "second", environment: "second" } },
      { match: { vendor: "*" }, set: { service: "third", environment: "third", group: "third" } },
    ];
    expect(named(rules, runs())).toMatchObject({ service: "first", environment: "second", group: "third" });
  });

  it("look at what was said, and not at what an earlier rule made of it", () => {
    const rules: Rule[] = [
      { match: { environment: "production" }, set: { environment: "live" } },
      { match: { environment: "live" }, set: { group: "of live" } },
      { match: { environment: "production" }, set: { group: "of production" } },
    ];
    expect(named(rules, runs())).toMatchObject({ environment: "live", group: "of production" });
  });

  it("set no name that the statement does not have", () => {
    const rule: Rule = {
      match: { vendor: "*" },
      set: { environment: "e", group: "g", service: "s", component: "c", database: "d" },
    };
    expect(named([rule], pushed("07:00", image("one")))).toEqual(
      expect.not.objectContaining({ environment: "e" }),
    );
    const whole = named([rule], removed("09:00", {}));
    expect(whole).toMatchObject({ environment: "e", group: "g" });
    expect(whole).not.toHaveProperty("service");
    expect(named([rule], task("08:00", image("one")))).toMatchObject({ service: "s", component: "c" });
    expect(named([rule], EXAMPLES["migration.applied"])).toMatchObject({ database: "d", service: "s" });
  });

  it("leave identity, time and everything else as they were", () => {
    const statement = runs({ environment: ARN });
    const short = { environment: "production.eu-central-1", group: "production" };
    expect(named([toShort], statement)).toEqual({ ...statement, ...short });
  });
});

describe("naming rules of components", () => {
  const rules: Rule[] = [
    { match: { component: "acme-*" }, set: { component: "$1", repository: "ghcr.io/acme/$1" } },
    { match: { component: "sidecar" }, set: { repository: "mirror.example/envoy" } },
  ];
  const renamed = {
    components: [
      { component: "api", repository: "ghcr.io/acme/api", digest: image("one"), weight: 90 },
      { component: "sidecar", repository: "mirror.example/envoy" },
      { component: "other" },
    ],
  };
  const said = [
    component("acme-api", { digest: image("one"), weight: 90 }),
    component("sidecar", { repository: "docker.io/envoyproxy/envoy" }),
    component("other"),
  ];

  it("look at each by itself", () => {
    expect(named(rules, runs({}, ...said))).toMatchObject(renamed);
    expect(named(rules, observed("09:00", said))).toMatchObject(renamed);
  });

  it("may ask for the service or environment, too", () => {
    const rule: Rule = { match: { environment: "production", component: "main" }, set: { component: "web" } };
    expect(named([rule], runs())).toMatchObject({ components: [{ component: "web" }] });
    expect(named([rule], runs({ environment: "staging" }))).toMatchObject({
      components: [{ component: "main" }],
    });
  });

  it("rename the component of a task the same way", () => {
    expect(named(rules, task("08:00", image("one"), { component: "acme-api" }))).toMatchObject({
      component: "api",
    });
  });

  it("do not name the whole deployment", () => {
    const rule: Rule = { match: { component: "main" }, set: { service: "of main" } };
    expect(named([rule], runs())).toMatchObject({ service: "acme/billing" });
  });
});

describe("naming rules of repositories", () => {
  const rule: Rule = {
    match: { repository: "registry.internal:5000/*" },
    set: { repository: "ghcr.io/acme/$1" },
  };
  const said = { repository: "registry.internal:5000/billing" };
  const known = { repository: "ghcr.io/acme/billing" };

  it("give one registry one name, wherever it is spoken of", () => {
    expect(named([rule], pushed("07:00", image("one"), said))).toMatchObject(known);
    expect(named([rule], deleted("07:00", "tag", { ...said, tag: "1" }))).toMatchObject(known);
    expect(named([rule], { ...EXAMPLES["artifact.built"], ...said })).toMatchObject(known);
    expect(named([rule], runs({}, main(said)))).toMatchObject({ components: [known] });
    expect(named([rule], described({ images: [said.repository, "ghcr.io/acme/web"] }))).toMatchObject({
      images: [known.repository, "ghcr.io/acme/web"],
    });
  });

  it("hold for both names of one that was renamed", () => {
    const statement = renamed("08:00", "registry.internal:5000/old", "registry.internal:5000/new");
    expect(named([rule], statement)).toMatchObject({ from: "ghcr.io/acme/old", to: "ghcr.io/acme/new" });
  });

  it("leave repositories of code alone", () => {
    const every: Rule = { match: { source: "*" }, set: { repository: "ghcr.io/x/y" } };
    const description = EXAMPLES["service.described"];
    expect(named([every], description)).toMatchObject({ repository: description.repository });
    expect(named([every], EXAMPLES["artifact.built"])).toMatchObject({
      commit: EXAMPLES["artifact.built"].commit,
      repository: "ghcr.io/x/y",
    });
  });
});

describe("a naming rule that gives a name that is none", () => {
  const outcomeOf = (set: Rule["set"], statement = runs()) =>
    ledger([{ match: { service: "acme/*" }, set }]).tell(statement);

  it.each<[string, Rule["set"]]>([
    ["empty, for there is no such asterisk", { environment: "$9" }],
    ["with space around it", { environment: " $1" }],
    ["too long", { environment: "x".repeat(256) }],
    ["no repository", { repository: "Not A Repository" }],
  ])("has the statement rejected: %s", async (_, set) => {
    expect(await outcomeOf(set)).toMatchObject({
      outcome: "rejected",
      reason: expect.stringContaining("a naming rule gave an invalid name"),
    });
  });

  it("has the statement rejected where two components become one", async () => {
    const two = runs({}, component("blue"), component("green"));
    expect(await outcomeOf({ component: "main" }, two)).toMatchObject({
      outcome: "rejected",
      reason: expect.stringContaining("must not name a component and variant twice"),
    });
  });
});

describe("a list of naming rules", () => {
  it.each([
    ["that matches on nothing", [{ match: {}, set: { service: "x" } }]],
    ["that sets nothing", [{ match: { service: "x" }, set: {} }]],
    ["with a field that is none", [{ match: { cluster: "x" }, set: { service: "x" } }]],
    ["with an empty pattern", [{ match: { service: "" }, set: { service: "x" } }]],
    ["that is none", { match: { service: "x" }, set: { service: "x" } }],
  ])("is refused %s", (_, rules) => {
    expect(Rules.safeParse(rules).success).toBe(false);
  });
});
