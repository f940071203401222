/** Keys of tickets in titles of changes. */
import { expect, it } from "vitest";
import { ticketIn } from "../../functions/sources/payload.ts";

it.each([
  ["BIL-12: round invoices", "BIL-12"],
  ["[ABC-123] Round invoices (BIL-12)", "ABC-123"],
  ["Round invoices (#12, BIL2-7)", "BIL2-7"],
  ["feature/BIL-12_round", undefined],
  ["Round invoices", undefined],
  ["Use UTF-8 and SHA-256", undefined],
  ["Use UTF-8 (BIL-9)", "BIL-9"],
  ["Fix CVE-2026-1234", undefined],
  ["bil-12", undefined],
  ["X-1", undefined],
  ["BIL-012", undefined],
])("in %j is %s", (title, ticket) => {
  expect(ticketIn(title)).toBe(ticket);
});
