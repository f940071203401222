/** What an answer says of a name in its question that was given up. */
import * as z from "zod";
import { name, time } from "./scalars.ts";

const renamedName = z.strictObject({
  what: z.enum(["environment", "service"]),
  from: name.meta({ description: "as it was asked" }),
  to: name.meta({ description: "its present name, under which the answer is" }),
  at: time.meta({ description: "when the former name was given up" }),
});
export type RenamedName = z.infer<typeof renamedName>;

/** Part of every answer to a question by name. */
export const renamed = z.array(renamedName).exactOptional().meta({
  description: "Absent where the question names nothing that was renamed.",
});
