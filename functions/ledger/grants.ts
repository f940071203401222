/**
 * Authority: what a sender or a reader is bound to, and whether a statement or a fact is within it. Plain functions of
 * plain data.
 */
import * as z from "zod";
import { fold, name, REPOSITORY_MAX, source } from "../../schemas/scalars.ts";

/** A host, or a host and the beginning of a path. A slash at the end changes nothing: it ends at whole segments. */
const repositoryPrefix = z
  .string()
  .max(REPOSITORY_MAX)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?$/,
    "must be an image repository or the beginning of one in lower case, like ghcr.io/acme",
  );

const WEB = /^https?:\/\//i;

/** Host and path of a source repository, folded; undefined for what is no address. Without a scheme it means https. */
function addressOf(repository: string): string | undefined {
  const written = WEB.test(repository) ? repository : `https://${repository}`;
  if (!URL.canParse(written)) return undefined;
  const { host, pathname, username, password, search, hash } = new URL(written);
  if (username !== "" || password !== "" || search !== "" || hash !== "") return undefined;
  return fold(`${host}${pathname}`.replace(/\/+$/, "").replace(/\.git$/i, ""));
}

const commitPrefix = z
  .string()
  .max(2048)
  .refine((value) => !/[\s\p{C}]/u.test(value) && addressOf(value) !== undefined, {
    error: "must be the address of a source repository or the beginning of one, like github.com/acme",
  });

/** What a holder is bound to. `sources` limits identities alone; the other four bind together. */
export const Grants = z.strictObject({
  /** Prefixes of `source`. */
  sources: z.array(source).min(1).exactOptional(),
  environments: z.array(name).min(1).exactOptional(),
  services: z.array(name).min(1).exactOptional(),
  /** Prefixes of image repositories. */
  repositories: z.array(repositoryPrefix).min(1).exactOptional(),
  /** Prefixes of the addresses of source repositories. */
  commits: z.array(commitPrefix).min(1).exactOptional(),
});
type Mutable = z.infer<typeof Grants>;
export type Grants = { readonly [grant in keyof Mutable]: Readonly<Mutable[grant]> };

/** What binds together: a holder that is bound in one of these is bound in all. */
const BINDING = ["environments", "services", "repositories", "commits"] as const;

export const GRANTS = ["sources", ...BINDING] as const satisfies readonly (keyof Grants)[];

export const isBound = (grants: Grants): boolean => BINDING.some((one) => grants[one] !== undefined);
