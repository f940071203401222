/** What README and docs/ say of the code is so: samples, links, endpoints, variables, codes, messages. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { RegistryAccess } from "../functions/adapters/registry/oci.ts";
import { document } from "../functions/http/openapi/document.ts";
import { Rules } from "../functions/ledger/names/naming-rules.ts";
import { Chat } from "../functions/reactions/chat/settings.ts";
import { Executors } from "../functions/reactions/executors/executors.ts";
import { Maintenance } from "../functions/reactions/silences/silences.ts";
import { WebhookSecrets } from "../functions/runtime/config/secrets.ts";
import { KINDS as FINDING_KINDS } from "../functions/seal/verify/findings.ts";
import { Outcomes, Problem, Release, WARNINGS } from "../schemas/answer.ts";
import { Gate, GateReasonCode, GateWarningCode } from "../schemas/answers/gate.ts";
import { KINDS } from "../schemas/fact.ts";
import { Plan } from "../schemas/plan.ts";
import { BlockerCode, PlanWarningCode } from "../schemas/plan-codes.ts";
import { Redeployments, RefusalCode } from "../schemas/redeployment.ts";
import { GatePolicy } from "../schemas/settings/gate-policy.ts";
import { SamePersons } from "../schemas/settings/same-persons.ts";
import { type Block, codeFiles, PAGES, page, ROOT } from "./docs/pages.ts";

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  any: z.unknown(),
  Executors,
  Gate,
  GatePolicy,
  Chat,
  Maintenance,
  Outcomes,
  Plan,
  Problem,
  Redeployments,
  RegistryAccess,
  Release,
  Rules,
  SamePersons,
  WebhookSecrets,
};

const blocks = (language: string): { path: string; block: Block }[] =>
  PAGES.flatMap(({ path, blocks: all }) =>
    all.filter((block) => block.language === language).map((block) => ({ path, block })),
  );

const at = (sample: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => Object(value)[key], sample);

/** Whether an issue is only that a field is left out. */
const isLeftOut = (sample: unknown, { path, ...issue }: z.core.$ZodIssue): boolean =>
  issue.code === "invalid_union"
    ? issue.errors.some((errors) => errors.every((one) => isLeftOut(at(sample, path), one)))
    : at(sample, path) === undefined;

describe("samples", () => {
  it.each(blocks("json"))("$path: JSON is what its schema takes ($block.words)", ({ block }) => {
    const [name = "", isExcerpt] = block.words;
    const schema = SCHEMAS[name] ?? expect.fail(`names no schema: ${block.text}`);
    const sample: unknown = JSON.parse(block.text);
    const issues = schema.safeParse(sample).error?.issues ?? [];
    expect(isExcerpt === "excerpt" ? issues.filter((one) => !isLeftOut(sample, one)) : issues).toEqual([]);
  });

  it.each(blocks("yaml"))("$path: YAML can be read", ({ block }) => {
    const documents = parseAllDocuments(block.text);
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    for (const one of documents) expect(one.toJS()).toBeTypeOf("object");
  });

  it("has workflows of the form that GitHub takes", () => {
    const Step = z.union([z.object({ run: z.string() }), z.object({ uses: z.string() })]);
    const Workflow = z.object({
      name: z.string(),
      on: z.object({}),
      jobs: z.record(z.string(), z.object({ "runs-on": z.string(), steps: z.array(Step).min(1) })),
    });
    const workflows = page("docs/github-actions.md").blocks.filter(({ language }) => language === "yaml");
    expect(workflows.length).toBeGreaterThan(0);
    for (const { text } of workflows) Workflow.parse(parseAllDocuments(text)[0]?.toJS());
  });
});

describe("links", () => {
  it.each(PAGES)("of $path lead to pages, files and headings that are there", ({ path, links, anchors }) => {
    for (const link of links) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      expect(existsSync(join(ROOT, target)), link).toBe(true);
      if (anchor === undefined) continue;
      expect([...(file === "" ? anchors : page(target).anchors)], link).toContain(anchor);
    }
  });

  it("lead from README to every page of docs/, by one page at most", () => {
    const reached = (path: string): string[] =>
      page(path)
        .links.map((link) => normalize(join(dirname(path), link.split("#")[0] ?? "")))
        .filter((target) => target.startsWith("docs/") && target.endsWith(".md"));
    const found = new Set(reached("README.md").flatMap((path) => [path, ...reached(path)]));
    expect(PAGES.map(({ path }) => path).filter((path) => !found.has(path))).toEqual(["README.md"]);
  });
});

describe("README", () => {
  it("has at most 12,000 bytes", () => {
    expect(Buffer.byteLength(page("README.md").text)).toBeLessThanOrEqual(12_000);
  });
});

describe("docs/api.md", () => {
  const { text } = page("docs/api.md");

  it("names every endpoint", () => {
    const methods = ["get", "post", "options"] as const;
    const missing = Object.entries(document().paths ?? {}).flatMap(([path, item]) =>
      methods
        .filter((method) => item[method] !== undefined)
        .map((method) => {
          const vendor = /^\/v1\/webhooks\/([a-z-]+)$/.exec(path)?.[1];
          if (vendor !== undefined) return `\`${vendor}\``;
          return method === "options" ? "`OPTIONS`" : `\`${method.toUpperCase()} ${path}`;
        })
        .filter((named) => !text.includes(named)),
    );
    expect(missing).toEqual([]);
  });

  it("names every outcome and every status of an error", () => {
    const outcomes = Outcomes.shape.outcomes.element.shape.outcome.options;
    expect(outcomes.filter((one) => !text.includes(`| \`${one}\` |`))).toEqual([]);
    const statuses = [400, 401, 403, 404, 409, 413, 415, 422, 500, 503];
    expect(statuses.filter((one) => !text.includes(`\n| ${one} |`))).toEqual([]);
  });
});

describe("docs/configuration.md", () => {
  it("names every variable that the code reads or sets", () => {
    const { text } = page("docs/configuration.md");
    const used = codeFiles("functions", "cli", "cdk").flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(/\bASOF_[A-Z]+(_[A-Z]+)*\b/g)].map(
        ([name]) => name,
      ),
    );
    expect(used.length).toBeGreaterThan(20);
    expect([...new Set(used)].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("docs/glossary.md", () => {
  it("names every kind of fact, in full or after another one of its family", () => {
    const { text } = page("docs/glossary.md");
    const named = (kind: string): boolean =>
      text.includes(`\`${kind}\``) || text.includes(`\`.${kind.split(".").at(-1)}\``);
    expect(KINDS.filter((kind) => !named(kind))).toEqual([]);
  });
});

describe("docs/troubleshooting.md", () => {
  const { text } = page("docs/troubleshooting.md");

  it.each([
    ["blockers of a plan", BlockerCode.options.map(({ value }) => value)],
    ["warnings of a plan", PlanWarningCode.options.map(({ value }) => value)],
    ["refusals of a redeployment", RefusalCode.options.map(({ value }) => value)],
    ["warnings of a release", [...WARNINGS]],
  ])("names all %s", (_, codes) => {
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });

  it("quotes messages as the code has them", () => {
    const code = codeFiles("functions", "cli", "schemas")
      .map((file) => readFileSync(join(ROOT, file), "utf8"))
      .join("\n")
      .replaceAll("\\`", "`");
    const tables = text.split("\n\n").filter((part) => part.startsWith("| message |"));
    const quoted = tables.flatMap((table) =>
      [...table.matchAll(/^\| (`+) ?(.+?) ?\1 \|/gm)].map(([, , message = ""]) =>
        message.replaceAll("\\`", "`"),
      ),
    );
    expect(quoted.length).toBeGreaterThan(40);
    const fragments = quoted.flatMap((message) => message.split("…").map((part) => part.trim()));
    expect(fragments.filter((one) => one.length > 3 && !code.includes(one))).toEqual([]);
  });
});

describe("docs/dependencies.md", () => {
  it("names each package in the version that the lockfile has", () => {
    const Lock = z.object({
      packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })),
    });
    const { packages } = Lock.parse(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")));
    const rows = [...page("docs/dependencies.md").text.matchAll(/^\| (@?[a-z][\w./-]*) \| ([\d.]+) \|/gm)];
    expect(rows.length).toBeGreaterThan(40);
    const locked = rows.map(([, name = ""]) => [name, packages[`node_modules/${name}`]?.version]);
    expect(rows.map(([, name, version]) => [name, version])).toEqual(locked);
  });
});

describe("docs/redeploy.md", () => {
  it("names every reason and warning of the gate", () => {
    const { text } = page("docs/redeploy.md");
    const codes = [...GateReasonCode.options, ...GateWarningCode.options].map(({ value }) => value);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });
});

describe("docs/verify.md", () => {
  it("names every kind of failure with its exit code", () => {
    const { text } = page("docs/verify.md");
    const rows = Object.entries(FINDING_KINDS).map(([kind, code]) => `| ${code} | \`${kind}\` |`);
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  it("names files that are there, and functions that they export", () => {
    const { text } = page("docs/architecture.md");
    const files = [...text.matchAll(/`((?:functions|schemas|test)\/[\w/-]+\.ts)`/g)].map(
      ([, file = ""]) => file,
    );
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const rows = [...text.matchAll(/^\| [^|]+ \| (`[^|]+`) \| `([\w/.-]+\.ts)` \|$/gm)];
    expect(rows.length).toBeGreaterThan(10);
    for (const [, functions = "", file = ""] of rows) {
      const source = readFileSync(join(ROOT, file), "utf8");
      for (const [, name] of functions.matchAll(/`(\w+)`/g)) {
        expect(source, file).toMatch(new RegExp(`export (async )?(function\\*?|const) ${name}\\b`));
      }
    }
  });
});
