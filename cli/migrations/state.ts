/** What a row of a history says of its version; why one is left out is counted and told, never posted. */
export type State =
  | { readonly is: "applied" }
  | { readonly is: "failed" }
  | { readonly is: "left out"; readonly why: string };

export const APPLIED: State = { is: "applied" };
export const FAILED: State = { is: "failed" };
export const leftOut = (why: string): State => ({ is: "left out", why });
