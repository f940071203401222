/** What of an authority's answer is refused before it is stored; `timestamps.real.ts` has a real authority. */
import { describe, expect, it } from "vitest";
import { anchor, type TimestampAuthority, timestampRequest } from "../../functions/seal/anchor.ts";
import { sealedLedger } from "./given.ts";

const GRANTED = Buffer.from("3052300302010030", "hex");
const REJECTED = Buffer.from("3052300302010230", "hex");

async function anchored(authority: TimestampAuthority) {
  const ledger = sealedLedger();
  await ledger.seal();
  const outcome = anchor(ledger.log, ledger.sealing.signer.key, authority);
  return { outcome, stored: () => ledger.log.files.get("anchors/1.tsr") };
}

describe("the time-stamp of a checkpoint", () => {
  it("is asked for as RFC 3161 writes it", () => {
    const request = timestampRequest(Buffer.alloc(32, 0xab), Buffer.from("4000000000000001", "hex"));
    expect(request.toString("hex")).toBe(
      `3043020101${"3031300d060960864801650304020105000420"}${"ab".repeat(32)}020840000000000000010101ff`,
    );
  });

  it("is stored where the authority granted one of this hash and nonce", async () => {
    const { outcome, stored } = await anchored(async (request) => Buffer.concat([GRANTED, request]));
    expect(await outcome).toBe(1);
    expect(stored()?.subarray(0, 8)).toEqual(GRANTED);
  });

  it.each<[string, TimestampAuthority]>([
    ["rejected the request", async (request) => Buffer.concat([REJECTED, request])],
    ["stamped something else", async (request) => Buffer.concat([GRANTED, request.map((byte) => byte ^ 1)])],
    ["sent no time-stamp", async () => Buffer.from("<html>")],
  ])("is not stored where the authority %s", async (_, authority) => {
    const { outcome, stored } = await anchored(authority);
    await expect(outcome).rejects.toThrow(/authority/);
    expect(stored()).toBeUndefined();
  });

  it("is not asked for before anything is published", async () => {
    const ledger = sealedLedger();
    const never: TimestampAuthority = async () => expect.fail("was asked");
    expect(await anchor(ledger.log, ledger.sealing.signer.key, never)).toBeUndefined();
  });
});
