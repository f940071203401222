/** How a client reads a ledger's answers. */
import type * as z from "zod";
import { Problem } from "./answer.ts";

/** Header of a backup: a lower bound of the number of facts in it. */
export const FACTS_HEADER = "Asof-Facts";

/** A ledger's answer as a client reads it; `other`: not an answer of a ledger of this version. */
export type Read<T> =
  | { readonly is: "answer"; readonly value: T }
  | { readonly is: "problem"; readonly detail: string }
  | { readonly is: "other" };

/**
 * @param schema the schema of a successful answer
 * @param json the parsed body; undefined if it is not JSON
 */
export function readAnswer<T>(schema: z.ZodType<T>, status: number, json: unknown): Read<T> {
  if (status >= 200 && status < 300) {
    const { data } = schema.safeParse(json);
    return data === undefined ? { is: "other" } : { is: "answer", value: data };
  }
  const { data } = Problem.safeParse(json);
  return data === undefined ? { is: "other" } : { is: "problem", detail: data.detail };
}

/** Headers of an export: the time that it went by; and, if it holds no fact, how many the other time would give. */
export const BY_HEADER = "x-asof-by";
export const OTHERS_HEADER = "x-asof-by-other-time";
