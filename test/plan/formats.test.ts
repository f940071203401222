import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { FORMATS, type Format, fileOf, type Pinned } from "../../functions/plan/formats.ts";
import { digestOf } from "../ledger/given.ts";

const image = (repository: string, digest: string) => `${repository}@${digestOf(digest)}`;
const component = (pinned: string | null, name = "main", more: object = {}) => ({
  component: name,
  from: null,
  to: null,
  image: pinned,
  availability: "available" as const,
  ...more,
});
const service = (name: string, ...components: Pinned["components"]): Pinned => ({
  service: name,
  components,
  blockers: [],
});
const comments = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("#"));

const web = service("acme/web", component(image("ghcr.io/acme/web", "1")));
const shop = service(
  "shop",
  component(image("ghcr.io/shop", "2")),
  component(image("ghcr.io/worker", "3"), "worker"),
);

describe("a file for Kustomize", () => {
  it("pins each image by its name", () => {
    expect(parse(fileOf("kustomize", [web, shop], null))).toEqual({
      images: [
        { name: "ghcr.io/acme/web", digest: digestOf("1") },
        { name: "ghcr.io/shop", digest: digestOf("2") },
        { name: "ghcr.io/worker", digest: digestOf("3") },
      ],
    });
  });

  it("names an image once that two services run", () => {
    const other = service("other", component(image("ghcr.io/acme/web", "1")));
    expect(parse(fileOf("kustomize", [web, other], null)).images).toHaveLength(1);
  });

  it("leaves out, and says so, what ran with two digests under one name", () => {
    const other = service("other", component(image("ghcr.io/acme/web", "9")));
    const text = fileOf("kustomize", [web, other], null);
    expect(parse(text)).toEqual({ images: [] });
    expect(comments(text)).toEqual([expect.stringContaining("left out: ghcr.io/acme/web")]);
  });
});

describe("a file for Compose", () => {
  it("pins each service and component by a name that Compose takes", () => {
    expect(parse(fileOf("compose", [web, shop], null))).toEqual({
      services: {
        "acme-web": { image: image("ghcr.io/acme/web", "1") },
        shop: { image: image("ghcr.io/shop", "2") },
        "shop-worker": { image: image("ghcr.io/worker", "3") },
      },
    });
  });

  it("leaves out, and says so, what would have one name", () => {
    const other = service("acme-web", component(image("ghcr.io/other", "9")));
    const text = fileOf("compose", [web, other], null);
    expect(parse(text)).toEqual({ services: {} });
    expect(comments(text)).toEqual([expect.stringContaining("left out: acme-web")]);
  });
});

describe("a file", () => {
  it("says at its top what speaks against the plan, and that there is more", () => {
    const blocked: Pinned = {
      ...service("acme/api", component(null)),
      blockers: [{ code: "image_gone", message: "it was deleted" }],
    };
    for (const format of FORMATS) {
      const text = fileOf(format, [web, blocked], "abc");
      expect(comments(text)).toEqual([
        "# blocked: acme/api: image_gone: it was deleted",
        "# this is one page: get the next with cursor=abc",
      ]);
      expect(JSON.stringify(parse(text))).not.toContain("api");
    }
  });

  it("has no comments where all is well", () => {
    for (const format of FORMATS) expect(comments(fileOf(format, [web], null))).toEqual([]);
  });

  it("holds nothing but images, whatever a service is called", async () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom(
        "__proto__",
        "constructor",
        "y",
        "null",
        "1e3",
        "a: b",
        "- x",
        "#",
        "&a",
        "*a",
        "!!js",
        "'\"",
        "a\u2028b",
        "\u0085x",
      ),
    );
    await fc.assert(
      fc.property(
        fc.array(fc.tuple(name, name), { maxLength: 5 }),
        fc.constantFrom<Format>(...FORMATS),
        (names, format) => {
          const services: Pinned[] = names.map(([one, other], n) => ({
            service: one,
            components: [component(image(`ghcr.io/a${n}`, String(n)), other)],
            blockers: [{ code: "image_gone", message: other }],
          }));
          const text = fileOf(format, services, null);
          const [kind, content] = Object.entries(Object(parse(text)))[0] ?? [];
          expect(kind).toBe(format === "compose" ? "services" : "images");
          const found = [...JSON.stringify(content).matchAll(/ghcr\.io\/a\d+/g)];
          const left = comments(text).filter((line) => line.startsWith("# left out"));
          if (left.length === 0) expect(found).toHaveLength(names.length);
          for (const key of format === "compose" ? Object.keys(Object(content)) : []) {
            expect(key).toMatch(/^[a-zA-Z0-9._-]+$/);
          }
        },
      ),
    );
  });
});
