/** How a client reads what a ledger answers. */
import type * as z from "zod";
import { Problem } from "./answer.ts";

/** Header of a backup: how many facts it holds at least. */
export const FACTS_HEADER = "Asof-Facts";

/** `other`: no ledger of this version answers that. */
export type Read<T> =
  | { readonly is: "answer"; readonly value: T }
  | { readonly is: "problem"; readonly detail: string }
  | { readonly is: "other" };

/**
 * @param schema what is answered where all is well
 * @param json the body; undefined where it is no JSON
 */
export function readAnswer<T>(schema: z.ZodType<T>, status: number, json: unknown): Read<T> {
  if (status >= 200 && status < 300) {
    const { data } = schema.safeParse(json);
    return data === undefined ? { is: "other" } : { is: "answer", value: data };
  }
  const { data } = Problem.safeParse(json);
  return data === undefined ? { is: "other" } : { is: "problem", detail: data.detail };
}
