/** The state of a row's version. Skipped rows are counted by reason and shown, and never recorded. */
export type State =
  | { readonly is: "applied" }
  | { readonly is: "failed" }
  | { readonly is: "left out"; readonly why: string };

export const APPLIED: State = { is: "applied" };
export const FAILED: State = { is: "failed" };
export const leftOut = (why: string): State => ({ is: "left out", why });
