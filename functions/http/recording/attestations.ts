/** The endpoint for build attestations. Signatures are checked if a trust root is configured. */
import type { Context } from "hono";
import { keepMalformed, type Received, receive } from "../../ledger/ingest/ingest.ts";
import { readJson } from "../../sources/payload.ts";
import { readAttestation, toBuilds, type Verify } from "../../sources/standards/attestation.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { holder, senderOf, textOf } from "../request.ts";
import { answerOne } from "./outcomes.ts";

const unconfigured: Verify = () =>
  Promise.resolve({ verified: false, reason: "no trusted root is configured (ASOF_TRUST_ROOTS)" });

/** Loaded with the first attestation: they are rare, and reading certificates takes a large library. */
async function verifier({ trust }: Ledger): Promise<Verify> {
  if (trust === undefined) return unconfigured;
  const { verifying } = await import("../../sources/standards/sigstore.ts");
  return verifying(trust);
}

/** Adds to each outcome the reason why its signature was not verified. */
const withReason = (received: readonly Received[], unverified: string | undefined): Received[] =>
  received.map((one) =>
    unverified === undefined || one.said.reason !== undefined
      ? one
      : { ...one, said: { ...one.said, reason: `not verified: ${unverified}` } },
  );

export function attestationHandler(ledger: Ledger): (c: Context) => Promise<Response> {
  let verify: Promise<Verify> | undefined;
  return async (c) => {
    const sender = senderOf("attestations", await holder(ledger, c, "write"));
    const body = await textOf(c);
    const json = readJson(body);
    const read =
      json.is === "json"
        ? readAttestation(json.value)
        : { is: "fault" as const, reason: `the body ${json.reason}` };
    if (read.is === "fault") {
      await keepMalformed(ledger, sender, read.reason, body);
      throw new EndpointError("malformed", read.reason);
    }
    verify ??= verifier(ledger);
    const { mapped, unverified } = await toBuilds(read.attestation, await verify, ledger.now().toISOString());
    const received = withReason(await receive(ledger, sender, mapped), unverified);
    return mapped.length === 1
      ? answerOne(c, received)
      : c.json({ outcomes: received.map((one) => one.said) }, 200);
  };
}
