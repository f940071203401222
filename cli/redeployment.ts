/** Redeployments: reading one, reporting its end, and showing it. */
import { Redeployment } from "../schemas/redeployment.ts";
import { callLedger } from "./client.ts";
import type { Ledger } from "./ledger.ts";

const pathOf = (id: string): string => `/v1/redeployments/${encodeURIComponent(id)}`;

/** Throws what `callLedger` does. */
export const fetchRedeployment = (ledger: Ledger, id: string): Promise<Redeployment> =>
  callLedger(ledger, Redeployment, { path: pathOf(id) });

/** Reports how it ended. Throws what `callLedger` does. */
export function endRedeployment(
  ledger: Ledger,
  id: string,
  end: { readonly outcome: "succeeded" | "failed"; readonly reason?: string },
): Promise<Redeployment> {
  const headers = { "content-type": "application/json" };
  const request = { path: `${pathOf(id)}/end`, method: "POST", headers, body: JSON.stringify(end) } as const;
  return callLedger(ledger, Redeployment, request);
}

/** Its status in one line, without control characters. */
export function formatRedeployment({ id, status, why, url }: Redeployment): string {
  const more = [why, url].filter((one) => one !== null).join(", ");
  return `redeployment ${id}: ${status}${more === "" ? "" : ` (${more.replaceAll(/\p{Cc}+/gu, " ")})`}`;
}
