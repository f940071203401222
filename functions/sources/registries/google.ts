/**
 * Google Artifact Registry: the messages of its topic `gcr`, as a push subscription of Pub/Sub delivers them.
 *
 * Key: `message.messageId`, unique within the topic; each project has one topic. The source is the registry's host and
 * the project, `/webhooks/google/<host>/<project>`.
 * Proof: the subscription's OpenID Connect token in `Authorization`, signed by Google for a service account and an
 * audience. The configured value is both, `<service account's email> <audience>`: it is not secret, and all of it is
 * compared. If Google's keys cannot be fetched, the token is neither valid nor invalid: that is a fault, and Pub/Sub
 * retries.
 * Not in the payload: the commit, the actor, the kind of artifact (a chart looks like an image), and the time, except the
 * message's `publishTime`. `digest` and `tag` are full references, and either may be missing; for a tag alone, the ledger
 * asks the registry for the digest.
 * Format: cloud.google.com, "Configure Pub/Sub notifications" of Artifact Registry, "Authentication for push
 * subscriptions" of Pub/Sub.
 */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import { type Image, readImage } from "../image.ts";
import {
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  readJson,
  rejected,
  said,
  saidByTag,
} from "../payload.ts";
import { isAnyOf, type Source, sourceOf } from "../source.ts";

/** @param keys Google's signing keys */
export const googleSource = (keys: JWTVerifyGetKey): Source => ({
  vendor: "google",
  verify: async ({ headers }, secrets) => {
    const token = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "";
    const claims = Claims.safeParse(await claimsOf(token, keys));
    return claims.success && isAnyOf(`${claims.data.email} ${claims.data.aud}`, secrets);
  },
  toStatements,
  covers: [
    {
      name: "Google Artifact Registry",
      push: "yes",
      delete: "images and tags",
      digest: "yes; of a tag alone asked of the registry",
      time: "when it was published",
      identity: "message id",
      authentication: "Google's signed token",
      tried: "published samples",
    },
  ],
});

export const google = googleSource(createRemoteJWKSet(new URL("https://www.googleapis.com/oauth2/v3/certs")));

// --- the token --------------------------------------------------------------------------------------------

const Claims = z.looseObject({ email: z.string(), email_verified: z.literal(true), aud: z.string() });

const CLOCKS_DIFFER_S = 60;

/** Errors that do not concern the token: the keys could not be fetched, or are invalid. */
const OURS: ReadonlySet<string> = new Set([
  errors.JOSEError.code,
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
]);

/** The claims of Google's token; undefined if it is invalid. Throws if the keys cannot be fetched. */
async function claimsOf(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["RS256"],
      issuer: ["https://accounts.google.com", "accounts.google.com"],
      requiredClaims: ["exp"],
      clockTolerance: CLOCKS_DIFFER_S,
    });
    return payload;
  } catch (cause) {
    if (cause instanceof errors.JOSEError && !OURS.has(cause.code)) return undefined;
    throw new Error("Google's keys cannot be fetched, so its token cannot be checked", { cause });
  }
}

// --- the message ------------------------------------------------------------------------------------------

const Envelope = z.looseObject({
  message: z.looseObject({
    data: z.base64(),
    messageId: z.string().min(1),
    publishTime: z.string(),
  }),
});
type Message = z.infer<typeof Envelope>["message"];

const Change = z.looseObject({ action: z.string(), digest: maybeText, tag: maybeText });

/** The message without its envelope, whose delivery count differs between deliveries. */
function toStatements(payload: unknown): Mapped[] {
  return mapping(Envelope, payload, ({ message }) => {
    const json = readJson(Buffer.from(message.data, "base64").toString("utf8"));
    if (json.is === "fault") return [rejected(`message.data: ${json.reason}`, message)];
    const change = Change.safeParse(json.value);
    if (!change.success) return [rejected(`message.data: ${faultsOf(change.error)}`, message)];
    return [mapChange(change.data, message)];
  });
}

function mapChange({ action, digest, tag }: z.infer<typeof Change>, message: Message): Mapped {
  if (action !== "INSERT" && action !== "DELETE") {
    return ignored(`the action ${quoted(action)} is not known`, message);
  }
  const image = imageOf(digest, tag);
  if (image === undefined) {
    return rejected("message.data: digest, tag or both must be references to one repository", message);
  }
  const [host = "", project = ""] = image.repository.split("/");
  const common = {
    source: sourceOf("google", host, project),
    id: message.messageId,
    occurredAt: message.publishTime,
    repository: image.repository,
    ...present({ digest: image.digest, tag: image.tag }),
  };
  if (action === "DELETE") return said({ kind: "artifact.deleted", ...common, what: whatOf(image) }, message);
  const pushed = { kind: "artifact.pushed" as const, ...common };
  return image.digest === undefined ? saidByTag(pushed, message) : said(pushed, message);
}

/** The image that both references name; undefined if one is invalid, or if they name different repositories. */
function imageOf(digest: string | undefined, tag: string | undefined): Image | undefined {
  const [byDigest, byTag] = [digest, tag].map((reference) => readImage(reference ?? ""));
  if (digest !== undefined && byDigest?.digest === undefined) return undefined;
  if (tag !== undefined && byTag?.tag === undefined) return undefined;
  const { repository } = byDigest ?? byTag ?? {};
  if (repository === undefined || (byTag !== undefined && byTag.repository !== repository)) return undefined;
  return { repository, ...present({ digest: byDigest?.digest, tag: byTag?.tag }) };
}

/** With both named, either the image was deleted or only the tag. */
function whatOf({ digest, tag }: Image): "manifest" | "tag" | "unknown" {
  if (digest === undefined) return "tag";
  return tag === undefined ? "manifest" : "unknown";
}
