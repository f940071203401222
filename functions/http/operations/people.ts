/** The endpoints where an admin lists the persons in the facts, sees what is held about one, and erases one. */
import { type Context, Hono } from "hono";
import {
  Erasure,
  type ErasureAnswer,
  type HeldAnswer,
  HeldQuestion,
  type KnownPersons,
} from "../../../schemas/answers/people.ts";
import { PeopleQuestion } from "../../../schemas/questions/question.ts";
import { nextCursor, placeOf } from "../../ledger/cursor.ts";
import { type Erasers, erase } from "../../ledger/people/erasure.ts";
import { occurrencesOf } from "../../ledger/people/occurrences.ts";
import type { KnownPerson } from "../../ledger/people/people.ts";
import { heldPage, positionOf } from "../../ledger/people/personal-data.ts";
import { limited } from "../body-limit.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { bodyOf, query, unboundHolder } from "../request.ts";

const LIST = "the persons";
const HELD = "what is held about a person";
const BEGINNING = "1970-01-01T00:00:00.000Z";

const admin = (ledger: Ledger, c: Context) => unboundHolder(ledger, c, "erase", "persons are in all of it");

const shown = ({ commitment: person, issuer }: KnownPerson) => ({ person, issuer });

async function list(ledger: Ledger, { register }: Erasers, c: Context): Promise<Response> {
  await admin(ledger, c);
  const { limit, cursor: given } = query(c, PeopleQuestion);
  const [cursor] = placeOf(LIST, { cursor: given });
  const page = await register.page(cursor === undefined ? { limit } : { limit, cursor });
  const answer: KnownPersons = {
    persons: page.entries.map((one) => ({ ...shown(one), login: one.login })),
    next: nextCursor(LIST, true, page.cursor),
  };
  return c.json(answer);
}

async function held(ledger: Ledger, { register, quarantine }: Erasers, c: Context): Promise<Response> {
  await admin(ledger, c);
  const { login, cursor } = await bodyOf(c, HeldQuestion);
  const [recordedAt, fingerprint] = placeOf(HELD, { cursor });
  const after =
    recordedAt === undefined || fingerprint === undefined ? {} : { after: { recordedAt, fingerprint } };
  const occurrences = occurrencesOf(login);
  const persons = await register.named(login);
  const to = ledger.now().toISOString();
  const [page, quarantined] = await Promise.all([
    heldPage(
      ledger.store,
      persons.map(({ commitment }) => commitment),
      occurrences,
      { from: BEGINNING, to, ...after },
    ),
    cursor === undefined ? quarantine.holding(occurrences.areIn) : [],
  ]);
  const next = page.last === undefined ? undefined : positionOf(page.last);
  const answer = {
    persons: persons.map(shown),
    facts: [...page.facts],
    quarantined,
    next: nextCursor(HELD, true, next && [next.recordedAt, next.fingerprint]),
  };
  return c.json(answer satisfies { [field in keyof HeldAnswer]: unknown });
}

async function erasure(ledger: Ledger, erasers: Erasers, c: Context): Promise<Response> {
  const who = await admin(ledger, c);
  const { login, reason } = await bodyOf(c, Erasure);
  const occurrences = occurrencesOf(login);
  if (occurrences.areIn(reason))
    throw new EndpointError(
      "rejected",
      "reason: holds the login, and would keep it for ever; word it without",
    );
  if (occurrences.is(who.name))
    throw new EndpointError(
      "forbidden",
      "Nobody erases the name of the own token: the record of it would name it again. Use another token.",
    );
  const { persons, quarantined, jobs, holding } = await erase(ledger, erasers, {
    login,
    reason,
    by: who.name,
  });
  ledger.log.info("a login was erased", { by: who.name, persons: persons.length, quarantined });
  const answer: ErasureAnswer = {
    persons: persons.map(shown),
    quarantined,
    jobs: jobs ?? null,
    holding: [...holding],
  };
  return c.json(answer);
}

export function peopleEndpoints(ledger: Ledger, erasers: Erasers): Hono {
  const app = new Hono();
  app.get("/v1/people", (c) => list(ledger, erasers, c));
  app.post("/v1/people/held", limited, (c) => held(ledger, erasers, c));
  app.post("/v1/people/erase", limited, (c) => erasure(ledger, erasers, c));
  return app;
}
