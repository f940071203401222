import { describe, expect, it } from "vitest";
import { diff } from "../../functions/queries/diff.ts";
import { Difference, type ServiceDifference } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import {
  day,
  deployed,
  digestOf,
  type Given,
  given,
  pagesOf,
  removed,
  repositoryOf,
  said,
  shaOf,
} from "./given.ts";

const names = new Map(["1", "2", "3", "index", "manifest"].map((name) => [digestOf(name), name]));

type ImageSide = ServiceDifference["components"][number]["from"];
const shown = (side: ImageSide): string => {
  if (side === null) return "none";
  const commit = side.commit === null ? "" : `@${side.commit.slice(0, 4)}`;
  return `${names.get(side.digest ?? "") ?? "?"}${commit}`;
};

/** A service's difference in lines. */
const lines = ({ service, status, components, migrations, config }: ServiceDifference): string[] => [
  ...(status === undefined ? [] : [`${service}: ${status.from} -> ${status.to}`]),
  ...components.map(({ component, variant, from, to }) => {
    const of = variant === undefined ? component : `${component}/${variant}`;
    return `${service} ${of}: ${shown(from)} -> ${shown(to)}`;
  }),
  ...migrations.map(
    ({ database, from, to }) =>
      `${service} ${database}: ${from?.version ?? from?.status ?? "none"} -> ${to?.version ?? to?.status ?? "none"}`,
  ),
  ...(config === undefined
    ? []
    : [
        `${service} config: ${config.from.map(({ revision }) => revision)} -> ${config.to.map(({ revision }) => revision)}`,
      ]),
];

async function moments(ledger: Given, from = day(5), to = day(20)): Promise<string[]> {
  const answer = await diff(ledger.at(to), { environment: "production", from, to });
  return Difference.parse(answer).services.flatMap(lines);
}

async function places(ledger: Given): Promise<string[]> {
  const answer = await diff(ledger.at(day(20)), { environment: "staging", with: "production", at: day(20) });
  return Difference.parse(answer).services.flatMap(lines);
}

const web = (image: string, at: string, more: object = {}) => deployed("production", "web", image, at, more);
const tagged = (tag: string) => ({ components: [{ component: "main", tag, repository: "ghcr.io/web" }] });
const migrated = (at: string, version: string, kind: Statement["kind"] = "migration.applied") =>
  said(kind, at, { environment: "production", database: "db", version, service: "web" });
const heads = (at: string, ...versions: string[]) =>
  said("migration.snapshot", at, {
    environment: "production",
    database: "db",
    service: "web",
    mode: "head",
    versions: versions.map((version) => ({ version })),
  });
const set = (at: string, ...versions: (string | object)[]) =>
  said("migration.snapshot", at, {
    environment: "production",
    database: "db",
    service: "web",
    mode: "set",
    versions: versions.map((one) => (typeof one === "string" ? { version: one } : one)),
  });
const dated = (version: string, appliedAt: string) => ({ version, appliedAt });
const indexed = said("artifact.indexed", day(1), {
  digest: digestOf("index"),
  manifests: [{ digest: digestOf("manifest") }],
});
const placed = said("artifact.pushed", day(1), {
  digest: digestOf("index"),
  repository: repositoryOf("web"),
});
const variants = (...images: readonly [string, string][]) => ({
  components: images.map(([variant, image]) => ({ component: "main", variant, digest: digestOf(image) })),
});
const config = (...revisions: string[]) => ({ config: revisions.map((revision) => ({ revision })) });

describe("two moments of an environment", () => {
  it.each([
    ["are the same where nothing happened", [web("1", day(1))], []],
    ["are the same where the same was deployed again", [web("1", day(1)), web("1", day(9))], []],
    ["differ by image", [web("1", day(1)), web("2", day(9))], ["web main: 1 -> 2"]],
    [
      "do not differ by another digest of one image",
      [indexed, placed, web("index", day(1)), web("manifest", day(9))],
      [],
    ],
    [
      "differ by commit",
      [web("1", day(1), { commit: { sha: shaOf("a") } }), web("1", day(9), { commit: { sha: shaOf("b") } })],
      [`web main: 1@${shaOf("a").slice(0, 4)} -> 1@${shaOf("b").slice(0, 4)}`],
    ],
    [
      "differ by variant",
      [
        web("", day(1), variants(["blue", "1"], ["green", "1"])),
        web("", day(9), variants(["blue", "1"], ["green", "2"], ["red", "3"])),
      ],
      ["web main/green: 1 -> 2", "web main/red: none -> 3"],
    ],
    [
      "do not differ by the case in which a variant is written",
      [web("", day(1), variants(["canary", "1"])), web("", day(9), variants(["Canary", "1"]))],
      [],
    ],
    [
      "differ by status",
      [web("1", day(1)), removed("production", "web", day(9)), deployed("production", "api", "2", day(9))],
      ["api: unknown -> running", "api main: none -> 2", "web: running -> removed", "web main: 1 -> none"],
    ],
    [
      "differ where two deployments name images that cannot be told",
      [web("", day(1), tagged("1.4")), web("", day(9), tagged("1.5"))],
      ["web main: ? -> ?"],
    ],
    [
      "do not differ by one deployment whose image cannot be told",
      [web("", day(1), tagged("1.4")), migrated(day(9), "1")],
      ["web db: unknown -> 1"],
    ],
    [
      "differ by migrations",
      [web("1", day(1)), migrated(day(2), "1"), migrated(day(9), "2")],
      ["web db: 1 -> 2"],
    ],
    [
      "differ by a migration whose time a later set shows",
      [web("1", day(1)), set(day(2), "1"), set(day(25), "1", dated("2", day(9)))],
      ["web db: 1 -> 2"],
    ],
    [
      "do not differ by a migration that was applied before both, and shown after both",
      [web("1", day(1)), set(day(25), "1", dated("2", day(2)))],
      [],
    ],
    [
      "do not differ by a migration that was applied and shown after both",
      [web("1", day(1)), set(day(2), "1"), set(day(25), "1", dated("2", day(21)))],
      [],
    ],
    [
      "differ by the heads of a database, in whatever order they are listed",
      [web("1", day(1)), heads(day(2), "b", "a"), heads(day(9), "a", "b"), heads(day(10), "c")],
      ["web db: a, b -> c"],
    ],
    [
      "do not differ by an order of heads",
      [web("1", day(1)), heads(day(2), "b", "a"), heads(day(9), "a", "b")],
      [],
    ],
    [
      "differ by configuration, not by its order",
      [
        web("1", day(1), config("a", "b")),
        deployed("production", "api", "1", day(1), config("a", "b")),
        web("1", day(9), config("b", "a")),
        deployed("production", "api", "1", day(9), config("a", "c")),
      ],
      ["api config: a,b -> a,c"],
    ],
  ])("%s", async (_, statements, expected) => {
    expect(await moments(await given(...statements))).toEqual(expected);
  });

  it("are none of an environment never heard of", async () => {
    const ledger = await given(web("1", day(1)));
    const asked = { environment: "test", from: day(1), to: day(2) };
    expect(await diff(ledger.at(day(2)), asked)).toBeUndefined();
    expect(
      await diff(ledger.at(day(2)), { environment: "production", with: "test", at: day(2) }),
    ).toBeUndefined();
  });
});

describe("two environments", () => {
  it("differ by what one of them never heard of", async () => {
    const ledger = await given(web("1", day(1)), deployed("staging", "api", "1", day(1)));
    expect(await places(ledger)).toEqual([
      "api: running -> never heard of",
      "api main: 1 -> none",
      "web: never heard of -> running",
      "web main: none -> 1",
    ]);
  });

  it("differ by a migration that one's table dates, before it was read", async () => {
    const staging = { environment: "staging" };
    const ledger = await given(
      web("1", day(1)),
      set(day(2), "1"),
      set(day(25), "1", dated("2", day(9))),
      deployed("staging", "web", "1", day(1)),
      { ...set(day(2), "1"), ...staging },
      { ...set(day(25), "1", dated("2", day(21))), ...staging },
    );
    expect(await places(ledger)).toEqual(["web db: 1 -> 2"]);
  });

  it("do not differ by the registry that they take one image from", async () => {
    const elsewhere = {
      components: [{ component: "main", digest: digestOf("1"), repository: "mirror/web" }],
    };
    const ledger = await given(web("1", day(1)), deployed("staging", "WEB", "", day(2), elsewhere));
    expect(await places(ledger)).toEqual([]);
  });
});

it.each([1, 2, 3, 4, 100])("a comparison is the same in pages of %i services", async (limit) => {
  const ledger = await given(
    ...["a", "c", "e", "f"].map((service) => deployed("production", service, "1", day(1))),
    ...["a", "b", "d", "f", "g"].map((service) => deployed("staging", service, "1", day(1))),
    deployed("production", "f", "2", day(2)),
  );
  const asked = { environment: "staging", with: "production", at: day(3) };
  const pages = await pagesOf((cursor) => diff(ledger.at(day(3)), asked, { limit, cursor }));
  expect(pages.flatMap(({ services }) => services.map(({ service }) => service))).toEqual([
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
  ]);
  expect(pages.reduce((sum, { same }) => sum + same, 0)).toBe(1);
  for (const page of pages) expect(page.services.length + page.same).toBeLessThanOrEqual(limit);
});
