/** Redeployments: reading one, reporting its end, and showing it. */
import type { Redeployment } from "../../schemas/redeployment.ts";
import { callLedger } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Throws what `callLedger` does. */
export const fetchRedeployment = (ledger: Ledger, id: string): Promise<Redeployment> =>
  callLedger(ledger, (client) => client.redeployment(id));

/** Takes it for this executor. Throws what `callLedger` does, Refused (409) where another one has it. */
export const takeRedeployment = (ledger: Ledger, id: string): Promise<Redeployment> =>
  callLedger(ledger, (client) => client.takeRedeployment(id));

/** Reports how it ended. Throws what `callLedger` does. */
export const endRedeployment = (
  ledger: Ledger,
  id: string,
  end: { readonly outcome: "succeeded" | "failed"; readonly reason?: string },
): Promise<Redeployment> => callLedger(ledger, (client) => client.endRedeployment(id, end));

/** Its status in one line, without control characters. */
export function formatRedeployment({ id, status, why, url }: Redeployment): string {
  const more = [why, url].filter((one) => one !== null).join(", ");
  return `redeployment ${id}: ${status}${more === "" ? "" : ` (${more.replaceAll(/\p{Cc}+/gu, " ")})`}`;
}
