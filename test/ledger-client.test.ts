/** The client of the package, as a program of somebody else's meets its failures. */
import { expect, it } from "vitest";
import { clientOver, ledgerClient } from "../functions/adapters/api-client.ts";

const PLACE = { environment: "production", service: "acme/billing" };

it("names the ledger's address where no answer comes, and never the token", async () => {
  const client = ledgerClient({ url: "http://127.0.0.1:1", token: "a-token-that-nobody-sees" });
  const error = await client.release(PLACE).catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(/^Error: the ledger at http:\/\/127\.0\.0\.1:1 cannot be reached/);
  expect(String(error)).not.toContain("a-token");
});

it("says what the ledger refused, and why", async () => {
  const json = { type: "urn:asof:problem:unknown", title: "Not found", status: 404, detail: "Not found: …" };
  const client = clientOver(async () => ({ status: 404, json }));
  const error = await client.release(PLACE).catch((thrown: unknown) => thrown);
  expect(String(error)).toBe("LedgerError: the ledger answers 404: Not found: …");
});
