/** Removes credentials from quarantined events, because people read them and they are kept for long. */

const REMOVED = "***";

/**
 * The forms of credentials. Each replacement keeps what is not secret, so that an operator sees what was there.
 * Sources: GitHub, "About authentication to GitHub"; GitLab, "Token overview"; GitHub, "Supported secret scanning
 * patterns".
 */
const FORMS: readonly (readonly [form: RegExp, replacement: string])[] = [
  // user:password@ and token@ in URLs. The end of the authority is the last @ before a slash.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, `$1${REMOVED}@`],
  // Signed URLs, and tokens as parameters.
  [
    /([?&](?:access_token|auth|api_?key|code|credential|key|password|private_token|sig|signature|secret|token|x-amz-(?:credential|security-token|signature))=)[^&\s"'#<>]+/gi,
    `$1${REMOVED}`,
  ],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, `$1 ${REMOVED}`],
  // GitHub, GitLab, npm, PyPI, Docker Hub, Slack, Stripe, SendGrid, Hugging Face, Vault, Terraform, Grafana, Argo CD.
  [/\bgh[opsur]_[A-Za-z0-9]{20,}/g, REMOVED],
  [/\bgithub_pat_\w{20,}/g, REMOVED],
  [/\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[\w.-]{16,}/g, REMOVED],
  [/\bnpm_[A-Za-z0-9]{30,}/g, REMOVED],
  [/\bpypi-[\w-]{16,}/g, REMOVED],
  [/\bdckr_(?:pat|oat)_[\w-]{16,}/g, REMOVED],
  [/\bxox[abeoprs]-[\w-]{10,}/g, REMOVED],
  [/\bhttps:\/\/hooks\.slack\.com\/(?:services|workflows)\/[\w/]+/g, `https://hooks.slack.com/${REMOVED}`],
  [/\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/g, REMOVED],
  [/\bSG\.[\w-]{16,}\.[\w-]{16,}/g, REMOVED],
  [/\bhf_[A-Za-z0-9]{20,}/g, REMOVED],
  [/\bhv[sbr]\.[\w-]{20,}/g, REMOVED],
  [/\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}/g, REMOVED],
  [/\bgl(?:sa|c)_[\w=+/]{20,}/g, REMOVED],
  [/\bATATT[\w=-]{20,}/g, REMOVED],
  // AWS key ids, Google API keys and OAuth tokens.
  [/\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g, REMOVED],
  [/\bAIza[\w-]{35}/g, REMOVED],
  [/\bya29\.[\w-]{20,}/g, REMOVED],
  // JSON Web Tokens and private keys.
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g, REMOVED],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REMOVED],
];

/** Fields that hold a credential, whatever its form. */
const SECRET_FIELD =
  /^(?:authorization|passw(?:or)?d|secret|client_?secret|private_?key|api_?key|(?:access|auth|id|refresh|private|session)_?token)$/i;

/** A text without credentials. */
export const scrubbedText = (text: string): string =>
  FORMS.reduce((scrubbed, [form, replacement]) => scrubbed.replaceAll(form, replacement), text);

/** The same JSON value; every text in it, and every name of a field, without credentials. */
export function scrubbed(value: unknown): unknown {
  if (typeof value === "string") return scrubbedText(value);
  if (Array.isArray(value)) return value.map(scrubbed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      scrubbedText(name),
      SECRET_FIELD.test(name) && typeof one === "string" && one !== "" ? REMOVED : scrubbed(one),
    ]),
  );
}
