/** Addresses as facts may carry them: facts can never be erased, and CI systems put tokens into addresses. */

/** `git@host:path`, as ssh writes it short. */
const SCP_LIKE = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(.+)$/;

/** An http address without credentials; undefined where it is none. */
export function withoutCredentials(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  url.username = "";
  url.password = "";
  return url.href;
}

/** A remote of git as its forge shows it: https, without credentials, port of ssh or `.git`. */
export function forgeUrl(remote: string): string | undefined {
  const [, host, path] = (remote.includes("://") ? null : SCP_LIKE.exec(remote)) ?? [];
  const address = host === undefined ? remote : `https://${host}/${path}`;
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const web = url.protocol === "ssh:" ? `https://${url.hostname}${url.pathname}` : address;
  return withoutCredentials(web)
    ?.replace(/\/+$/, "")
    .replace(/\.git$/, "");
}
