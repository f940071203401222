/** What has to be done, step by step, to run again what ran; each command as its tool takes it today. */
import * as z from "zod";

/**
 * A command, whole. A word like `<chart>` stands for what the ledger does not know, and is to be put in by whoever runs
 * it. Credentials are never in it: tools read them from the environment.
 */
export const Command = z.strictObject({
  tool: z.string().min(1).meta({ description: "whose command it is, like kubectl; not always the program" }),
  argv: z.array(z.string()).min(1).meta({ description: "the program and its arguments, as they are" }),
  shell: z.string().meta({ description: "the same, quoted for a POSIX shell" }),
});
export type Command = z.infer<typeof Command>;

export const Step = z.strictObject({
  n: z.int().min(1),
  title: z.string().meta({ description: "what is done; of several that start with `either` one is chosen" }),
  why: z.string().meta({ description: "what it is for, and what has to be looked at before" }),
  commands: z.array(Command).meta({ description: "in this order; empty: by hand" }),
});
export type Step = z.infer<typeof Step>;
