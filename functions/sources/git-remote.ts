/** URLs without credentials: facts can never be erased, and CI systems put tokens into URLs. */

/** The short form of an ssh remote, `git@host:path`. */
const SCP_LIKE = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(.+)$/;

/** An http(s) URL without credentials; undefined where it is not one. */
export function withoutCredentials(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  url.username = "";
  url.password = "";
  return url.href;
}

/** A git remote as the forge's web address: https, without credentials, ssh port and `.git`. */
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
