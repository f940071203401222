/** What the sealer writes, the verifier takes; what the sealer could not help, the verifier lists. */
import { expect, it } from "vitest";
import { writeKey } from "../../functions/seal/note.ts";
import { BEGINNING } from "../../functions/seal/unsealed-facts.ts";
import { checkBundle } from "../../functions/seal/verify/bundle.ts";
import { verifyLog } from "../../functions/seal/verify/log.ts";
import { type SealedLedger, sealedLedger, timeAfter } from "./given.ts";
import { inMemory } from "./made-log.ts";

const MINUTE = 60_000;

async function verified({ log, sealing, clock }: SealedLedger) {
  const { key } = sealing.signer;
  const files = new Map([["key", Buffer.from(`${writeKey(key)}\n`)], ...log.files]);
  const now = new Date(clock.time);
  return verifyLog({ files: inMemory(files), key, now, check: checkBundle, ahead: 2 });
}

it("verifies at any time of a day with quiet hours", async () => {
  const ledger = sealedLedger();
  for (const [n, facts] of [3, 0, 500, 1, 0, 260].entries()) {
    ledger.clock.time += n % 3 === 0 ? MINUTE : 61 * MINUTE;
    ledger.record(facts);
    await ledger.seal();
    expect((await verified(ledger)).findings).toEqual([]);
  }
  expect(await verified(ledger)).toMatchObject({ facts: 764, nearly: 0, gaps: { count: 0 } });
});

it("verifies with a backlog that takes several seals", async () => {
  const ledger = sealedLedger();
  for (let n = 0; n < 50; n++) ledger.record(100, timeAfter(n * MINUTE));
  ledger.clock.time += 300 * MINUTE;
  await ledger.sealAll();
  expect(await verified(ledger)).toMatchObject({ facts: 5000, nearly: 0, findings: [] });
});

it("verifies with a fact that its index showed late, and lists one that only the sweep found", async () => {
  const ledger = sealedLedger();
  await ledger.seal();
  ledger.clock.time += MINUTE;
  ledger.record(1, timeAfter(-14 * MINUTE));
  await ledger.seal();
  expect(await verified(ledger)).toMatchObject({ nearly: 1, findings: [] });
  ledger.clock.time += MINUTE;
  ledger.record(1, timeAfter(-20 * MINUTE));
  await ledger.seal(BEGINNING);
  const { findings } = await verified(ledger);
  expect(findings).toEqual([
    {
      kind: "time",
      index: 3,
      fact: expect.anything(),
      message: expect.stringMatching(/^LATE: recordedAt is 21m/),
    },
  ]);
});
