/** Problems, the form of HTTP errors (RFC 9457). */
import * as z from "zod";

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().exactOptional(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });
export type Problem = z.infer<typeof Problem>;
