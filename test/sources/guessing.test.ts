/** Whoever has the export and knows every login there is learns from it who did nothing of it. */
import { afterAll, describe, expect, it } from "vitest";
import { append } from "../../functions/ledger/append.ts";
import { canonical, rawHash, sha256, statementHash } from "../../functions/ledger/canonical.ts";
import { issuerOf, personKey } from "../../functions/ledger/people/people.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import { Statement } from "../../schemas/fact.ts";
import { PERSON_FIELDS, personsIn, withPersons } from "../../schemas/persons.ts";
import { fold } from "../../schemas/scalars.ts";
import { cleanUp, givenDoors } from "../http/given.ts";
import { CASES, mapCase } from "./golden.ts";

afterAll(cleanUp);

interface Told {
  readonly vendor: string;
  readonly raw: unknown;
  readonly statement: Statement;
}

/** Every statement of the golden cases and the examples that names a person. */
const TOLD: readonly Told[] = [
  ...CASES.flatMap((one) =>
    mapCase(one, one.payload).flatMap((mapped): Told[] => {
      const said = mapped.is === "statement" ? Statement.safeParse(mapped.statement) : undefined;
      return said?.success === true ? [{ vendor: one.vendor, raw: mapped.raw, statement: said.data }] : [];
    }),
  ),
  ...Object.values(EXAMPLES)
    // Their targets are not there.
    .filter((one) => !("target" in one))
    .map((statement) => ({ vendor: "events", raw: { data: statement }, statement })),
].filter(({ statement }) => personsIn(statement).length > 0);

/** `person` of a record of an erasure is a commitment, too. */
const isPersonal = (field: string): boolean =>
  field === "person" || PERSON_FIELDS.some((one) => one === field);

const LOGINS = [...new Set(TOLD.flatMap(({ statement }) => personsIn(statement)))];

/** What could be hashed of a person alone, in the forms that come to mind. */
function wordsOf(login: string, issuer: string): string[] {
  return [login, fold(login)].flatMap((word) => [
    word,
    `person:${word}`,
    `${issuer}${word}`,
    `${issuer}/${word}`,
    `${issuer}#${word}`,
    `${issuer}:${word}`,
    JSON.stringify(word),
    JSON.stringify([word]),
    personKey({ issuer, login: word }),
    // With the salt that nobody chose.
    `${"\0".repeat(32)}${personKey({ issuer, login: word })}`,
  ]);
}

/** Every hash that somebody could work out for a statement, were this one who is named in it. */
function guesses({ statement, raw }: Told, login: string): string[] {
  const named = withPersons(statement, () => login);
  const issuer = issuerOf(statement.source);
  const wholes = [named, { ...named, occurredAt: undefined }, { ...named, digest: undefined }].map((one) =>
    canonical(JSON.parse(JSON.stringify(one))),
  );
  return [
    ...[...wordsOf(login, issuer), ...wholes].map(sha256),
    rawHash(raw),
    rawHash(
      JSON.parse(JSON.stringify(raw).replaceAll(/"(?:octocat|hubot|deployer)"/g, JSON.stringify(login))),
    ),
  ];
}

const hashesIn = (text: string): Set<string> => new Set(text.match(/[0-9a-f]{64}/g));

async function exported(format: "ndjson" | "csv"): Promise<string> {
  const { ledger, client, setNow } = givenDoors();
  setNow("2027-06-01T00:00:00.000Z");
  for (const { vendor, raw, statement } of TOLD) {
    const { outcome } = await append(ledger, statement, { vendor, reportedBy: "ci", rawHash: rawHash(raw) });
    // Some samples tell of one event in two forms.
    expect(["recorded", "duplicate", "conflict"]).toContain(outcome);
  }
  setNow("2027-06-02T00:00:00.000Z");
  const answer = await client("auditor").get("/v1/export", { from: "2026-01-01", format });
  expect(answer.status).toBe(200);
  return answer.text;
}

describe("an export of everything that vendors say", () => {
  it("is of many statements that name many persons", () => {
    expect(TOLD.length).toBeGreaterThan(60);
    expect(LOGINS.length).toBeGreaterThan(10);
  });

  it.each(["ndjson", "csv"] as const)(
    "holds no hash that could be worked out by guessing logins: %s",
    async (format) => {
      const text = await exported(format);
      const hashes = hashesIn(text);
      // What is looked for would be found.
      const recorded = TOLD.filter(({ statement }) => hashes.has(statementHash(statement)));
      expect(recorded.length).toBeGreaterThan(0.8 * TOLD.length);
      const found = TOLD.flatMap((told) =>
        LOGINS.flatMap((login) => guesses(told, login).filter((hash) => hashes.has(hash))),
      );
      expect(found).toEqual([]);
    },
  );

  it("names persons by commitments alone, and has no hash of an event", async () => {
    const facts = (await exported("ndjson"))
      .trim()
      .split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line));
    for (const { rawHash, ...fact } of facts) {
      expect(rawHash).toBeUndefined();
      const persons = Object.entries(fact).filter(([field]) => isPersonal(field));
      for (const person of persons.flatMap(([, named]) => named)) expect(person).toMatch(/^person:/);
      const rest = Object.entries(fact).filter(([field]) => !isPersonal(field));
      expect(JSON.stringify(rest)).not.toContain("person:");
    }
  });
});

describe("what a vendor's event becomes", () => {
  const NAMED = CASES.map((one) => ({
    one,
    logins: mapCase(one, one.payload).flatMap((mapped) => {
      const said = mapped.is === "statement" ? Statement.safeParse(mapped.statement) : undefined;
      return said?.success === true ? personsIn(said.data) : [];
    }),
  })).filter(({ logins }) => logins.length > 0);

  it.each(NAMED.map(({ one, logins }) => [`${one.vendor}/${one.name}`, one, logins] as const))(
    "is the same whoever did it, but for who it names: %s",
    (_, one, logins) => {
      let payload = JSON.stringify(one.payload);
      for (const login of logins) payload = payload.replaceAll(JSON.stringify(login), '"somebody-else"');
      expect(payload).not.toBe(JSON.stringify(one.payload));
      const impersonal = (of: unknown) =>
        mapCase(one, of).map((mapped) =>
          mapped.is === "statement"
            ? Object.fromEntries(Object.entries(mapped.statement).filter(([field]) => !isPersonal(field)))
            : { is: mapped.is, reason: mapped.reason },
        );
      expect(impersonal(JSON.parse(payload))).toEqual(impersonal(one.payload));
    },
  );
});
