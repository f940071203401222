/** The answer of `GET /v1/log/anchors`. */
import * as z from "zod";

export const Anchors = z.object({
  sizes: z.array(z.int()).meta({
    description: "Sizes of the checkpoints that an outside authority has time-stamped, in rising order.",
  }),
});
export type Anchors = z.infer<typeof Anchors>;
