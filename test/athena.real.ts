/** The queries of docs/athena.md, over facts as DynamoDB exports them, with DuckDB in Athena's place. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { factKey } from "../functions/adapters/keys.ts";
import { canonical } from "../schemas/canonical.ts";
import { page } from "./docs/pages.ts";
import { rowsOf } from "./real/duckdb.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-athena-"));
const file = join(folder, "export.json.gz");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fact = (id: string, kind: string, occurredAt: string, more: object = {}) => ({
  ...{ v: 1, kind, source: "/ci", id, occurredAt, recordedAt: occurredAt, environment: "production" },
  ...{ service: "acme/billing", ...more },
});

const FACTS = [
  fact("1", "deployment.succeeded", "2026-09-01T10:00:00.000Z", {
    components: [{ component: "main", digest: "sha256:4be1aa" }],
  }),
  fact("2", "deployment.succeeded", "2026-10-01T10:00:00.000Z"),
  fact("3", "deployment.failed", "2026-10-02T10:00:00.000Z", { recordedAt: "2026-10-02T12:30:00.000Z" }),
];

/** Functions of Athena that DuckDB has under another name. */
const ATHENA = `
CREATE MACRO json_extract_scalar(text, path) AS json_extract_string(text, path);
CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMP);`;

const [VIEW = "", ...QUERIES] = page("docs/athena.md")
  .blocks.filter(({ language }) => language === "sql")
  .map(({ text }) => text);

beforeAll(() => {
  const items = FACTS.flatMap((one) => {
    const text = canonical(one);
    const Item = { key: { S: factKey(one) }, fact: { S: text } };
    // Every export holds it; and a pointer, which is no fact, holds it once more.
    return [{ Item }, { Item }, { Item: { ...Item, key: { S: "P#subject" } } }];
  });
  writeFileSync(file, gzipSync(items.map((one) => `${JSON.stringify(one)}\n`).join("")));
});

const asked = (query: string) =>
  rowsOf(`${ATHENA}
CREATE TABLE exported AS SELECT * FROM read_json('${file}');
${VIEW};
${query}`);

it("take each fact once, and say what is asked", async () => {
  expect(QUERIES).toHaveLength(5);
  const [byMonth, failed, digest, late, days] = await Promise.all(QUERIES.map(asked));
  expect(byMonth?.map(({ deployments }) => deployments)).toEqual(["1", "1"]);
  expect(failed).toMatchObject([{ failed: "1", ended: "3", percent: 33.3 }]);
  expect(digest).toMatchObject([{ environment: "production", service: "acme/billing", deployments: "1" }]);
  expect(late).toMatchObject([{ kind: "deployment.failed", late: "1", most_minutes: "150" }]);
  expect(days).toMatchObject([{ source: "/ci", days: "3" }]);
});
