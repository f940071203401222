/** What the ledger says about the persons in its facts, to whoever may erase them. */
import * as z from "zod";
import { commitment, prose, text } from "../scalars.ts";

const login = text(128);
/** As a stored fact names the person. */
const person = z.strictObject({ person: commitment, issuer: z.string() });

export const KnownPersons = z
  .strictObject({
    persons: z.array(person.extend({ login: z.string() })),
    next: z.string().nullable().meta({ description: "pass as `cursor` for the next page" }),
  })
  .meta({ id: "Persons" });
export type KnownPersons = z.infer<typeof KnownPersons>;

/** The body of the question what is held about a person. A login stands in no address, because addresses are logged. */
export const HeldQuestion = z.strictObject({
  login,
  cursor: text(4096).exactOptional().meta({ description: "`next` of the previous page" }),
});

export const HeldAnswer = z
  .strictObject({
    persons: z.array(person).meta({ description: "the login under each issuer; empty: nobody has it" }),
    facts: z
      .array(
        z.strictObject({
          roles: z.array(z.string()).meta({ description: "the fields that name the person" }),
          holds: z.array(z.string()).meta({
            description: "the fields whose text holds the login: they stay as they are after an erasure",
          }),
          fact: z
            .looseObject({ kind: z.string(), source: z.string(), id: z.string(), occurredAt: z.string() })
            .meta({ description: "as stored: persons are commitments" }),
        }),
      )
      .meta({ description: "in the order of recording" }),
    quarantined: z.array(z.string()).meta({
      description: "keys of quarantined items that hold the login; on the first page",
    }),
    next: z.string().nullable().meta({ description: "also of an empty page" }),
  })
  .meta({ id: "HeldAboutPerson" });
export type HeldAnswer = z.infer<typeof HeldAnswer>;

/** The body of an erasure. */
export const Erasure = z.strictObject({
  login,
  reason: prose(1024).min(1).meta({ description: "recorded in the history; it must not hold the login" }),
});

export const ErasureAnswer = z
  .strictObject({
    persons: z.array(person).meta({ description: "who was erased; empty: nobody had the login" }),
    quarantined: z.int().meta({ description: "quarantined items that the login was taken out of" }),
    jobs: z
      .int()
      .nullable()
      .meta({ description: "the same of waiting jobs; null: they cannot be changed, and expire" }),
    holding: z.array(z.string()).meta({
      description: "keys of quarantined items that still hold the login, in fields that name no person",
    }),
  })
  .meta({ id: "Erasure" });
export type ErasureAnswer = z.infer<typeof ErasureAnswer>;
