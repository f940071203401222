/** The last step: checks in the ledger that the deployed images run. */
import type { Configuration } from "../../schemas/fact.ts";
import { command } from "./shell.ts";
import { listed, type StepDraft, type Target } from "./step-target.ts";

/**
 * Polls the release until it has exactly these digests, and prints it: 25 times, every five seconds, because the
 * deployment may be reported a little later. Extracts the digest of each component (null if unknown) from the JSON text:
 * only this field is followed by `image`, and quotes inside JSON strings are escaped.
 * The configuration is the list after `config`; of each entry that must be in effect, a pattern finds its revision or digest.
 * A component without a digest is told by its commit.
 * Arguments: environment, service, digests that may also run, patterns of configuration (one a line), a pattern of the
 * commit, digests that must run.
 */
const POLL = [
  `: "\${ASOF_URL:?}" "\${ASOF_TOKEN:?}"; environment=$1 service=$2 also=$3 config=$4 commit=$5 n=1; shift 5`,
  'ask() { curl -fsS --max-time 10 -G "$ASOF_URL/v1/release" -H "Authorization: Bearer $ASOF_TOKEN" ' +
    '--data-urlencode "environment=$environment" --data-urlencode "service=$service"; }',
  'digests() { grep -o "\\"digest\\":[^,]*,\\(\\"reported\\":[^,]*,\\)*\\"image\\":" | cut -d, -f1 | cut -d: -f2- | tr -d "\\""; }',
  'lacks() { printf "%s\\n" "$2" | grep -qvxF -e "$1"; }',
  'configured() { set_=$(printf "%s" "$answer" | grep -o "\\"config\\":\\[[^]]*\\]"); printf "%s\\n" "$config" | while read -r one; do ' +
    '[ -z "$one" ] || printf "%s" "$set_" | grep -qE -e "$one" || exit 1; done; }',
  'committed() { [ -z "$commit" ] || printf "%s" "$answer" | grep -qE -e "$commit"; }',
  'wanted=$(printf "%s\\n" "$@"); allowed=$(printf "%s\\n" "$@" $also)',
  'until answer=$(ask) && shown=$(printf "%s" "$answer" | digests) && ! lacks "$shown" "$wanted" && ! lacks "$allowed" "$shown" && configured && committed',
  `do [ $n -lt 25 ] || { echo "it runs" \${shown:-what is not known} \${set_:-} "and not" "$@" \${config:+"$config"} \${commit:+"$commit"} >&2; exit 1; }; n=$((n + 1)); sleep 5`,
  "done",
  'printf "%s\\n" "$answer"',
].join("; ");

/** A pattern (POSIX extended) of an entry of configuration in the answer's JSON text. */
const patternOf = ({ revision, digest }: Configuration): string =>
  [["revision", revision] as const, ...(digest === undefined ? [] : [["digest", digest] as const])]
    .map(([field, value]) => `"${field}":${JSON.stringify(value).replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`)
    .join("|");

/** Whether a component is known by its commit alone. */
const byCommit = (bare: Target["bare"]): boolean => bare.some(({ digest }) => digest === undefined);

/**
 * @param later digests of components that were added later and keep running
 * @param restored configuration that the steps restore
 */
export const check = (
  { service, environment, components, bare, commit }: Target,
  later: readonly (string | null)[],
  restored: readonly Configuration[],
): StepDraft => ({
  title: "check what runs",
  why:
    `Succeeds once the ledger answers with ${listed([...components.map(({ image }) => image), ...bare.map(({ digest }) => digest ?? `commit ${commit?.sha}`)])}, each by its digest${byCommit(bare) ? " or commit" : ""}, and no other image` +
    `${later.length === 0 ? "" : " except those added later"}${restored.length === 0 ? "" : `, and with the configuration ${listed(restored.map(({ revision }) => revision))}`}. This requires that the deployment is reported. Polls every five ` +
    "seconds, for two minutes. `ASOF_URL` and `ASOF_TOKEN` are read from the environment.",
  commands: [
    command(
      "curl",
      ...[
        "sh",
        "-c",
        POLL,
        "sh",
        environment,
        service,
        later.map(String).join(" "),
        restored.map(patternOf).join("\n"),
        byCommit(bare) && commit !== undefined ? `"commit":\\{[^{}]*"sha":"${commit.sha}` : "",
      ],
      ...[...components, ...bare].map(({ digest }) => String(digest ?? null)),
    ),
  ],
});
