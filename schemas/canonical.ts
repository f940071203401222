/** The canonical form of a JSON value, which is what is hashed: RFC 8785 (JSON Canonicalization Scheme), in UTF-8. */
import { hash } from "node:crypto";
import canonicalize from "canonicalize";

/** RFC 8785 text of a JSON value. Throws a TypeError for values that are not JSON (NaN, lone surrogates). */
export function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("has no JSON form");
  return text;
}

/** SHA-256 in lower-case hex. */
export const sha256 = (data: string | Uint8Array): string => hash("sha256", data);
