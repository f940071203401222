/** Which logins of different issuers are one person. An operator's file. */
import * as z from "zod";
import { login, source } from "../scalars.ts";

/** Lists of logins, each list one person. An issuer is the prefix of a `source`, such as `/webhooks/github/github.com`. */
export const SamePersons = z
  .array(z.array(z.strictObject({ issuer: source, login })).min(1))
  .max(10_000)
  .refine(
    (persons) => {
      const all = persons.flat().map(({ issuer, login }) => JSON.stringify([issuer, login]));
      return new Set(all).size === all.length;
    },
    { error: "must not name one login twice" },
  );
export type SamePersons = z.infer<typeof SamePersons>;
