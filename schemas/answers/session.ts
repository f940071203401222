/** Who is signed in with a browser, and how one signs in. */
import * as z from "zod";
import { endpoint, name, time } from "../scalars.ts";

export const Session = z
  .strictObject({
    login: z
      .strictObject({ issuer: endpoint, clientId: z.string(), scopes: z.array(z.string()) })
      .nullable()
      .meta({ description: "the client that `asof login` uses; null: nobody can sign in here" }),
    session: z
      .strictObject({ name, role: z.string(), endsAt: time.nullable() })
      .nullable()
      .meta({ description: "who asks, by the session of the browser or by the token; null: nobody" }),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof Session>;
