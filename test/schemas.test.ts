import { describe, expect, it } from "vitest";
import { EXAMPLES } from "../schemas/examples.ts";
import { KINDS, Statement } from "../schemas/fact.ts";
import { TagQuestion } from "../schemas/questions/question.ts";
import { imageTag, printable } from "../schemas/scalars.ts";

const HASH = "0".repeat(64);
const push = EXAMPLES["artifact.pushed"];
const deployment = EXAMPLES["deployment.succeeded"];
const migration = EXAMPLES["migration.applied"];

const faultOf = (said: unknown): string => {
  const parsed = Statement.safeParse(said);
  return parsed.success ? "none" : parsed.error.issues.map(({ message }) => message).join("; ");
};
const isTaken = (said: unknown): boolean => faultOf(said) === "none";

describe("an example", () => {
  it("stands for every kind", () => {
    expect(Object.keys(EXAMPLES)).toEqual(KINDS);
    for (const kind of KINDS) expect(EXAMPLES[kind].kind).toBe(kind);
  });

  it.each(KINDS)("is taken as it is: %s", (kind) => {
    expect(Statement.parse(EXAMPLES[kind])).toEqual(EXAMPLES[kind]);
    expect(Statement.parse(JSON.parse(JSON.stringify(EXAMPLES[kind])))).toEqual(EXAMPLES[kind]);
  });

  it.each(KINDS)("is refused with what only the ledger may add, or nobody: %s", (kind) => {
    const added = {
      v: 1,
      recordedAt: "2026-10-20T08:11:01.000Z",
      reportedBy: "ci",
      statementHash: HASH,
      rawHash: HASH,
      invented: true,
    };
    for (const [field, value] of Object.entries(added)) {
      expect(faultOf({ ...EXAMPLES[kind], [field]: value })).toContain(field);
    }
  });

  it.each(KINDS)("is refused without its source, id or time, or under another kind: %s", (kind) => {
    for (const field of ["source", "id", "occurredAt", "kind"]) {
      const { [field]: _, ...rest }: Record<string, unknown> = { ...EXAMPLES[kind] };
      expect(isTaken(rest)).toBe(false);
    }
    expect(isTaken({ ...EXAMPLES[kind], kind: "deployment.imagined" })).toBe(false);
  });
});

/** Names by the bytes of their UTF-8. */
const bytes = (letter: string, n: number) => letter.repeat(n / Buffer.byteLength(letter));

describe("a name", () => {
  it.each([
    "\u200b",
    "\u200d",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u3164",
    "\u{e0041}",
    "\u0007",
  ])("holds no character that cannot be seen", (hidden) => {
    for (const field of ["environment", "service"])
      expect(isTaken({ ...deployment, [field]: `prod${hidden}uction` })).toBe(false);
    expect(printable(`a${hidden}b`)).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(`"${printable(`a${hidden}b`)}"`)).toBe(`a${hidden}b`);
  });

  it("keeps letters of every script, and lines in what is printed", () => {
    expect(isTaken({ ...deployment, environment: "réview/東京-生产 🚀" })).toBe(true);
    expect(printable("réview/東京\n\t🚀")).toBe("réview/東京\n\t🚀");
  });
});

describe("a text", () => {
  const environment = (name: string) => ({ ...deployment, environment: name });

  it.each([
    ["a", 255, true],
    ["a", 256, false],
    ["é", 254, true],
    ["é", 256, false],
    ["€", 255, true],
    ["€", 258, false],
    ["😀", 252, true],
    ["😀", 256, false],
    ["e\u0301", 255, true],
    ["e\u0301", 258, false],
  ])("of %s, %i bytes long, may be a name: %s", (letter, n, taken) => {
    expect(isTaken(environment(bytes(letter, n)))).toBe(taken);
    expect(isTaken({ ...deployment, service: bytes(letter, n) })).toBe(taken);
    expect(isTaken({ ...migration, database: bytes(letter, n) })).toBe(taken);
    expect(isTaken({ ...deployment, components: [{ component: bytes(letter, n) }] })).toBe(taken);
  });

  it.each([
    ["a source", 512, (text: string) => ({ ...push, source: `/${text.slice(1)}` })],
    ["an id", 256, (text: string) => ({ ...push, id: text })],
    ["a tag", 128, (text: string) => ({ ...push, tag: text })],
    ["a repository", 255, (text: string) => ({ ...push, repository: `a/${text.slice(2)}` })],
    ["a URL", 2048, (text: string) => ({ ...push, url: `https://a/${text.slice(10)}` })],
    ["a version", 255, (text: string) => ({ ...migration, version: text })],
    ["a description", 1024, (text: string) => ({ ...migration, description: text })],
  ])("of %s has at most %i bytes", (_, most, said) => {
    expect(faultOf(said("a".repeat(most)))).toBe("none");
    expect(faultOf(said("a".repeat(most + 1)))).not.toBe("none");
  });

  it.each([
    ["empty", ""],
    ["only space", " "],
    ["with space before it", " production"],
    ["with space behind it", "production\u00a0"],
    ["with a line break", "pro\nduction"],
    ["with a tabulator", "pro\tduction"],
    ["with a NUL", "pro\u0000duction"],
    ["with a DEL", "pro\u007fduction"],
    ["with a C1 control", "pro\u0085duction"],
    ["with a lone high surrogate", "pro\ud83dduction"],
    ["with a lone low surrogate", "pro\ude00duction"],
  ])("is no name where it is %s", (_, name) => {
    expect(isTaken(environment(name))).toBe(false);
    expect(isTaken({ ...push, id: name })).toBe(false);
    expect(isTaken({ ...push, actor: name })).toBe(false);
  });

  it("of a person may hold lines, but no lone surrogate", () => {
    expect(isTaken({ ...migration, description: "adds a column\n\tand an index" })).toBe(true);
    expect(isTaken({ ...migration, description: "adds \ud83d" })).toBe(false);
  });

  it.each(["review/feature-x", "50%", "a#b", "ÄPFEL", "\u0130zmir", "a b", "a,b", "日本"])(
    "may be the name %s, and keeps its form",
    (name) => {
      expect(Statement.parse(environment(name))).toMatchObject({ environment: name });
    },
  );
});

describe("a URL", () => {
  it.each([
    "https://octocat:hunter2@github.com/acme/billing",
    "https://ghp_token@github.com/acme/billing",
    "https://:hunter2@github.com/acme/billing",
    "https:\\\\octocat:hunter2@github.com",
  ])("with credentials is refused: %s", (url) => {
    expect(faultOf({ ...push, url })).toContain("must not carry credentials");
    expect(isTaken({ ...deployment, commit: { ...deployment.commit, repository: url } })).toBe(false);
    expect(isTaken({ ...deployment, config: [{ repository: url, revision: "1" }] })).toBe(false);
    expect(isTaken({ ...EXAMPLES["service.described"], repository: url })).toBe(false);
  });

  it.each([
    "https://gitlab-ci-token:hunter2@gitlab.example/acme/billing.git",
    "amqp://octocat:hunter2@ci.example",
  ])("with credentials is refused as a source, too: %s", (source) => {
    expect(isTaken({ ...push, source })).toBe(false);
  });

  it.each([
    "github.com/acme",
    "/acme",
    "git@github.com:acme/billing",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:,x",
  ])("that is none of the web is refused: %s", (url) => {
    expect(isTaken({ ...push, url })).toBe(false);
  });

  it.each(["https://github.com/acme/billing?q=a@b#x", "http://localhost:8080/", "https://日本.example/é"])(
    "of the web is kept as it is: %s",
    (url) => {
      expect(Statement.parse({ ...push, url })).toMatchObject({ url });
    },
  );
});

describe("a time", () => {
  const at = (occurredAt: string) => Statement.safeParse({ ...push, occurredAt });

  it.each([
    ["2026-10-20T08:11:00Z", "2026-10-20T08:11:00.000Z"],
    ["2026-10-20T08:11:00.1Z", "2026-10-20T08:11:00.100Z"],
    ["2026-10-20T08:11:00.123456789Z", "2026-10-20T08:11:00.123Z"],
    ["2026-10-20T08:11:00.999999999Z", "2026-10-20T08:11:00.999Z"],
    ["2026-10-20T10:11:00+02:00", "2026-10-20T08:11:00.000Z"],
    ["2026-10-20T02:41:00.5-05:30", "2026-10-20T08:11:00.500Z"],
    ["2026-12-31T23:59:59.999-01:00", "2027-01-01T00:59:59.999Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is kept as %s", (said, kept) => {
    expect(at(said)).toMatchObject({ success: true, data: { occurredAt: kept } });
  });

  it.each([
    ["without a zone", "2026-10-20T08:11:00"],
    ["without seconds", "2026-10-20T08:11Z"],
    ["without a clock", "2026-10-20"],
    ["with a space for its T", "2026-10-20 08:11:00Z"],
    ["with ten decimals", "2026-10-20T08:11:00.1234567890Z"],
    ["with a bare dot", "2026-10-20T08:11:00.Z"],
    ["with a zone by name", "2026-10-20T08:11:00 UTC"],
    ["with a zone beyond a day", "2026-10-20T08:11:00+24:00"],
    ["on a day that was not, in a common year", "2023-02-29T00:00:00Z"],
    ["on a day that was not, in a century", "2100-02-29T00:00:00Z"],
    ["on the 31st of April", "2026-04-31T00:00:00Z"],
    ["in month 13", "2026-13-01T00:00:00Z"],
    ["on day 0", "2026-10-00T00:00:00Z"],
    ["at 24 o'clock", "2026-10-20T24:00:00Z"],
    ["in minute 60", "2026-10-20T08:60:00Z"],
    ["in the year 1", "0001-01-01T00:00:00Z"],
    ["before 1970", "1969-12-31T23:59:59.999Z"],
    ["before 1970 in UTC", "1970-01-01T00:30:00+01:00"],
    ["after 9999 in UTC", "9999-12-31T23:30:00-01:00"],
    ["with six digits for its year", "+010000-01-01T00:00:00Z"],
    ["with padding", " 2026-10-20T08:11:00Z"],
    ["of no form", "yesterday"],
  ])("%s is refused", (_, said) => {
    expect(at(said).success).toBe(false);
  });
});

describe("a repository of Docker Hub", () => {
  it("has one name, in facts and questions", () => {
    const repository = "docker.io/library/nginx";
    for (const given of ["docker.io/nginx", "index.docker.io/nginx", "registry-1.docker.io/library/nginx"]) {
      expect(Statement.parse({ ...push, repository: given })).toMatchObject({ repository });
      expect(TagQuestion.parse({ repository: given, tag: "1" })).toMatchObject({ repository });
      expect(imageTag.parse(`${given}:1`)).toBe(`${repository}:1`);
    }
  });

  it("is no repository of another registry", () => {
    for (const repository of [
      "docker.io.example/nginx",
      "mirror.example/docker.io/nginx",
      "ghcr.io/acme/nginx",
    ])
      expect(Statement.parse({ ...push, repository })).toMatchObject({ repository });
  });
});
