import { describe, expect, it } from "vitest";
import type { Statement } from "../../schemas/fact.ts";
import { ledger } from "./cases.ts";
import {
  built,
  committed,
  component,
  deployment,
  described,
  image,
  indexed,
  main,
  migration,
  observed,
  partly,
  pushed,
  REPOSITORY,
  started,
  succeeded,
  task,
} from "./saying.ts";

const INDEX = image("index");
const AMD64 = image("amd64");
const OTHER = image("other");
const another = { deployment: deployment("another") };

const push = pushed("07:00", INDEX, { tag: "1.4" });
const build = built(INDEX, "a");
const description = described({ databases: ["billing"], images: [REPOSITORY] });
const applied = migration("applied", "07:30", "1");
const claim = succeeded("08:00", [main({ tag: "1.4" })]);
const open = succeeded("08:00", [main()], committed("a"));
const begun = started("09:00", [main({ digest: OTHER })], another);
const shown = task("08:00:10", INDEX);
const seen = observed("09:00", [main({ digest: OTHER })]);
const whole = succeeded("08:00", [component("api", { digest: OTHER }), component("web", { digest: OTHER })]);
const part = succeeded("09:00", [component("web", { digest: AMD64 })], { ...partly, ...another });

/** What the same ledgers hold besides, and no answer about the service rests on. */
const others = [
  pushed("07:00", image("foreign"), { tag: "1.5" }),
  pushed("06:00", image("foreign"), { tag: "1.4", repository: "mirror.example/acme/billing" }),
  built(image("foreign"), "b"),
  succeeded("06:50", [main({ tag: "1.4" })], { deployment: deployment("overtaken") }),
  succeeded("08:00", [main({ tag: "1.4" })], { service: "acme/web" }),
  succeeded("08:00", [main({ tag: "1.4" })], { environment: "staging" }),
  indexed(image("foreign index"), image("foreign")),
];

const identity = ({ source, id }: { source: string; id: string }) => JSON.stringify([source, id]);

describe("an answer names the facts that it rests on:", () => {
  it.each<[string, readonly Statement[]]>([
    [
      "a deployment by tag, with its push, build, description and migrations",
      [push, build, description, applied, claim],
    ],
    ["a deployment by task", [shown, open]],
    [
      "a deployment by commit, with its build and description",
      [build, described({ images: [REPOSITORY] }), push, open],
    ],
    ["an open attempt beside what runs", [push, build, begun, succeeded("08:00", [main({ digest: INDEX })])]],
    ["an observation and what it agrees with", [succeeded("08:00", [main({ digest: OTHER })]), seen]],
    ["a whole deployment and a part", [whole, part]],
  ])("%s", async (_, told) => {
    const one = ledger();
    for (const each of [...told, ...others]) await one.tell(each);
    const facts = (await one.ask())?.facts.map(identity) ?? [];
    expect(new Set(facts).size).toBe(facts.length);
    expect(facts).toEqual(expect.arrayContaining(told.map(identity)));
    for (const each of others) expect(facts).not.toContain(identity(each));
  });
});
