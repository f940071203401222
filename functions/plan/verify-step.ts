/** The last step: checks in the ledger that the deployed images run. */
import { command } from "./shell.ts";
import { listed, type StepDraft, type Target } from "./step-target.ts";

/**
 * Polls the release until it has exactly these digests, and prints it: 25 times, every five seconds, because the
 * deployment may be reported a little later. Extracts the digest of each component (null if unknown) from the JSON text:
 * only this field is followed by `image`, and quotes inside JSON strings are escaped.
 * Arguments: environment, service, digests that may also run, digests that must run.
 */
const POLL = [
  `: "\${ASOF_URL:?}" "\${ASOF_TOKEN:?}"; environment=$1 service=$2 also=$3 n=1; shift 3`,
  'ask() { curl -fsS --max-time 10 -G "$ASOF_URL/v1/release" -H "Authorization: Bearer $ASOF_TOKEN" ' +
    '--data-urlencode "environment=$environment" --data-urlencode "service=$service"; }',
  'digests() { grep -o "\\"digest\\":[^,]*,\\(\\"reported\\":[^,]*,\\)*\\"image\\":" | cut -d, -f1 | cut -d: -f2- | tr -d "\\""; }',
  'lacks() { printf "%s\\n" "$2" | grep -qvxF -e "$1"; }',
  'wanted=$(printf "%s\\n" "$@"); allowed=$(printf "%s\\n" "$@" $also)',
  'until answer=$(ask) && shown=$(printf "%s" "$answer" | digests) && ! lacks "$shown" "$wanted" && ! lacks "$allowed" "$shown"',
  `do [ $n -lt 25 ] || { echo "it runs" \${shown:-what is not known} "and not" "$@" >&2; exit 1; }; n=$((n + 1)); sleep 5`,
  "done",
  'printf "%s\\n" "$answer"',
].join("; ");

/**
 * @param later digests of components that were added later and keep running
 */
export const check = (
  { service, environment, components }: Target,
  later: readonly (string | null)[],
): StepDraft => ({
  title: "check what runs",
  why:
    `Succeeds once the ledger answers with ${listed(components.map(({ image }) => image))}, each by its digest, and no other image` +
    `${later.length === 0 ? "" : " except those added later"}. This requires that the deployment is reported. Polls every five ` +
    "seconds, for two minutes. `ASOF_URL` and `ASOF_TOKEN` are read from the environment.",
  commands: [
    command(
      "curl",
      ...["sh", "-c", POLL, "sh", environment, service, later.map(String).join(" ")],
      ...components.map(({ digest }) => digest),
    ),
  ],
});
