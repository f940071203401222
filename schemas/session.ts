/** Who is signed in with a browser, and how one signs in. */
import * as z from "zod";
import { name, time } from "./scalars.ts";

export const Session = z
  .strictObject({
    login: z
      .strictObject({ issuer: z.string(), clientId: z.string(), scopes: z.array(z.string()) })
      .nullable()
      .meta({ description: "the client that `asof login` uses; null: nobody can sign in here" }),
    session: z
      .strictObject({ name, role: z.string(), endsAt: time })
      .nullable()
      .meta({ description: "the session of the browser that asks; null: begin at /auth/login" }),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof Session>;
