/**
 * The scalar types of facts and answers. Bounds are in bytes of UTF-8, because the store's keys are bounded in bytes.
 * Each error message states what was expected.
 */
import * as z from "zod";
import { fold } from "./words/texts.ts";

export { fold, printable } from "./words/texts.ts";

const utf8 = new TextEncoder();

/** Whether a text has at most `max` bytes. Most texts are so short that their bytes need not be counted. */
const fits = (value: string, max: number): boolean =>
  value.length * 3 <= max || utf8.encode(value).length <= max;

/** No control characters, no lone surrogates (which have no UTF-8), no space at either end. */
const PLAIN = /^(?!\s)[^\p{Cc}\p{Cs}]+(?<!\s)$/u;

function faultOfText(value: unknown, max: number): string {
  if (typeof value !== "string" || value === "") return "must be a text that is not empty";
  if (!value.isWellFormed()) return "must be well-formed Unicode";
  if (!fits(value, max)) return `must be at most ${max} bytes`;
  return value.trim() === value ? "must not hold control characters" : "must not start or end with space";
}

/** A string of 1 to `max` bytes without control characters or surrounding space. */
export const text = (max: number) =>
  z
    .string()
    // One check for a valid text, the usual case; the reason is computed only for an invalid one.
    .refine((value) => PLAIN.test(value) && fits(value, max), {
      abort: true,
      error: ({ input }) => faultOfText(input, max),
    })
    .meta({ minLength: 1, maxLength: max });

/** Free text written by a person: may contain line breaks, at most `max` bytes. */
export const prose = (max: number) =>
  z.string().refine((value) => value.isWellFormed() && fits(value, max), {
    error: `must be well-formed Unicode of at most ${max} bytes`,
  });

/** Characters that show nothing or turn the direction of text: names that differ by them look alike. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u;

/** The name of an environment, service, component or database: keeps its case, compares without it, may contain slashes. */
export const name = text(255).refine((value) => !UNSEEN.test(value), {
  error: "must not hold characters that are invisible or turn the direction of text",
});

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Years that have four digits in UTC, so that times compare as text. */
const isOrdinary = (value: string): boolean => {
  const ms = Date.parse(value);
  return ms >= 0 && ms <= Date.UTC(9999, 11, 31, 23, 59, 59, 999);
};

/** An instant, RFC 3339 with a zone; stored in UTC with three decimals (further decimals are cut off, not rounded). */
export const time = z.iso
  .datetime({
    offset: true,
    abort: true,
    error: "must be an RFC 3339 time with a zone, like 2026-10-22T08:11:00Z",
  })
  .regex(RFC3339, {
    abort: true,
    error: "must be an RFC 3339 time with seconds and a zone, like 2026-10-22T08:11:00Z",
  })
  .refine(isOrdinary, { abort: true, error: "must lie between 1970 and 9999" })
  .overwrite((value) => new Date(value).toISOString());

/** A content address as the OCI image specification writes it (opencontainers/image-spec, descriptor.md). */
export const digest = z
  .string()
  .regex(
    /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
    "must be a digest: sha256: and 64 lower-case hex digits, or sha512: and 128",
  );

/** Maximum length of a repository's name, host and path. */
export const REPOSITORY_MAX = 255;

const DOCKER_HUB = /^((index|registry-1)\.docker\.io|(registry\.)?hub\.docker\.com|docker\.io)\/(?=(.+))/;

/** A repository under one name: Docker Hub has several hosts, and its own images are below `library/`. */
const underOneName = (repository: string): string => {
  const path = DOCKER_HUB.exec(repository)?.[4];
  if (path === undefined) return repository;
  return `docker.io/${path.includes("/") ? path : `library/${path}`}`;
};

/** An image repository: registry host, optional port, path; no tag and no digest. */
export const imageRepository = z
  .string()
  .max(REPOSITORY_MAX)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+$/,
    "must be host/path in lower case without tag or digest, like ghcr.io/acme/billing",
  )
  .overwrite(underOneName)
  .max(REPOSITORY_MAX);

/** An image tag (distribution specification, `reference`). */
export const tag = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, "must be an image tag: 128 characters of A-Z a-z 0-9 . _ -");

/** The parts of an `imageTag`; without a repository: a tag of the service's own. */
export function partsOfTag(value: string): { readonly repository?: string; readonly tag: string } {
  const colon = value.lastIndexOf(":");
  return colon === -1 ? { tag: value } : { repository: value.slice(0, colon), tag: value.slice(colon + 1) };
}

/** A tag of a service's own repository, or of a named one: `1.4.2`, `ghcr.io/acme/billing:1.4.2`. */
export const imageTag = z
  .string()
  .refine(
    (value) => {
      const parts = partsOfTag(value);
      const isNamed = parts.repository === undefined || imageRepository.safeParse(parts.repository).success;
      return isNamed && tag.safeParse(parts.tag).success;
    },
    { error: "must be a tag like 1.4.2, or a repository and a tag like ghcr.io/acme/billing:1.4.2" },
  )
  .overwrite((value) => {
    const { repository, tag } = partsOfTag(value);
    return repository === undefined ? tag : `${underOneName(repository)}:${tag}`;
  });

/** A full git object name (SHA-1 or SHA-256). */
export const fullSha = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, "must be a whole commit id of 40 or 64 hex digits");

/** A git object name, at least its first seven digits. */
export const sha = z.string().regex(/^[0-9a-f]{7,64}$/, "must be 7 to 64 hex digits of a commit id");

/** A link for people. A link that carries credentials is refused, because facts can never be erased. */
export const url = text(2048)
  .refine((value) => URL.canParse(value), { error: "must be an absolute URL" })
  .refine((value) => !URL.canParse(value) || /^https?:$/.test(new URL(value).protocol), {
    error: "must be an http or https URL",
  })
  .refine(
    (value) => !URL.canParse(value) || (new URL(value).username === "" && new URL(value).password === ""),
    {
      error: "must not carry credentials",
    },
  );

/** Whether an address is a loopback address. */
export const isOnThisMachine = (address: string): boolean =>
  URL.canParse(address) && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(address).hostname);

/** An address that credentials may be sent to, and whose answers may be trusted. */
export const endpoint = url.refine(
  (value) => !URL.canParse(value) || new URL(value).protocol === "https:" || isOnThisMachine(value),
  { error: "must be an https URL, or an http URL on this machine" },
);

/** Who made a statement: a URI reference (RFC 3986), as CloudEvents' `source`. */
export const source = text(512)
  .regex(
    /^([A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*(#([A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?$/,
    "must be a URI reference, like /github/acme/billing",
  )
  .refine((value) => !/^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#]*@/i.test(value), {
    error: "must not carry credentials: facts can never be erased",
  });

/** A statement's identity within its source. */
export const id = text(256);

/** A person in a stored fact: see `functions/ledger/people/people.ts`. */
export const COMMITMENT = /person:[0-9a-f]{64}/g;

/** A person in a stored fact, whole. */
export const commitment = z.string().regex(/^person:[0-9a-f]{64}$/, "must be person: and 64 hex digits");

/** What runs the pods of a service in a cluster, beside Deployments. */
export const WORKLOADS = ["StatefulSet", "DaemonSet"] as const;

/**
 * A person, as a sender names one: a login. The ledger keeps no names or mail addresses. In a stored fact, a commitment
 * replaces the login. Every field of a fact that names a person has this schema, and no other field does.
 */
export const login = text(128).refine((value) => !fold(value).startsWith("person:"), {
  error: "must be a login; only the ledger uses the prefix person:",
});

/** A person in an answer. */
export const shownPerson = z
  .string()
  .meta({ description: "a login, or person: and 64 hex digits if the login was erased" });

/** SHA-256 in lower-case hex. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** How a digest's commit is known, strongest first. */
export const EVIDENCE = ["slsa", "oidc", "oci-label", "registry", "declared"] as const;

/** How a deployment ends that neither succeeds nor fails: nobody waits for it, somebody stopped it, or a newer one came. */
export const ENDINGS = ["abandoned", "cancelled", "superseded"] as const;
export type Ending = (typeof ENDINGS)[number];

/** A claim that a person or machine knows to be true or false, or does not know. */
export const trilean = z.union([z.boolean(), z.literal("unknown")]);

/** The errors of a parse in one line: where, and what was expected. */
export const faultsOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    // A path or a message may contain text of the sender, of any length.
    .map((fault) => (fault.length > 200 ? `${fault.slice(0, 200)}…` : fault))
    .join("; ");

/** A pattern as a regular expression, without case: each `*` matches any characters and is a capture group. */
export const wildcard = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "(.*)")}$`, "is");

/** A secret that signs webhooks: Standard Webhooks 1.0.0 requires 24 to 64 random bytes. Never quoted in a message. */
export const signingSecret = z
  .string()
  .regex(
    /^whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    "must be whsec_ and 24 to 64 random bytes in base64",
  );
