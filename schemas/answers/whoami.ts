/** Who a token belongs to, and what it allows. */
import * as z from "zod";

export const Whoami = z
  .strictObject({
    name: z.string(),
    role: z.enum(["reader", "writer", "operator", "executor", "auditor", "admin"]),
    may: z
      .array(
        z.enum(["ask", "write", "rename", "operate", "execute", "export", "retract", "erase", "back up"]),
      )
      .meta({ description: "what endpoints may require" }),
    forges: z
      .array(z.string())
      .meta({ description: "the hosts that the operator lists as forges: where a client may send tokens" }),
  })
  .meta({ id: "Whoami" });
export type Whoami = z.infer<typeof Whoami>;
