/** OpenID Connect Discovery 1.0: where an issuer's keys and endpoints are. */
import * as z from "zod";
import { endpoint } from "../../../schemas/scalars.ts";
import { IssuerFailure } from "../../ledger/authority/identities.ts";
import { exchange, NoAnswer, parsed } from "../http-client.ts";

const TIMEOUT_MS = 5000;

const Discovered = z.object({
  issuer: z.string(),
  jwks_uri: endpoint,
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint.optional(),
  device_authorization_endpoint: endpoint.optional(),
});
export type Discovered = z.infer<typeof Discovered>;

/** Reads the discovery document. It must name the issuer itself (4.3), so that no issuer speaks for another. */
export async function discover(issuer: string): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { status, text } = await exchange(url, { redirect: "manual", timeoutMs: TIMEOUT_MS }).catch(
    (error: unknown) => {
      throw error instanceof NoAnswer
        ? new IssuerFailure(`the issuer ${issuer} ${error.message}`, { cause: error })
        : error;
    },
  );
  if (status !== 200) throw new IssuerFailure(`the issuer ${issuer} answered ${status} to ${url}`);
  const document = Discovered.safeParse(parsed(text));
  if (!document.success || document.data.issuer !== issuer)
    throw new IssuerFailure(`the issuer ${issuer} has no discovery document of its own at ${url}`);
  return document.data;
}
