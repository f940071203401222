/** The last step: that what was deployed runs, as the ledger hears it. */
import { command } from "./shell.ts";
import { listed, type StepDraft, type Target } from "./step-target.ts";

/**
 * Asks until the release has each of these digests and none but them, and prints it; 25 times, with five seconds between,
 * for the deployment may be reported a little later. Of a release's text this takes the digest of each component (null
 * where nobody can tell it): it alone is followed by an image, and no text within a text has a quote without a backslash.
 * Words: environment, service, digests that may run too, those that have to.
 */
const ASKING = [
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
 * @param later digests of components that came later and run on
 */
export const check = (
  { service, environment, components }: Target,
  later: readonly (string | null)[],
): StepDraft => ({
  title: "check what runs",
  why:
    `It succeeds once the ledger's answer names ${listed(components.map(({ image }) => image))}, each by its digest, and no other image` +
    `${later.length === 0 ? "" : " but those that came later"}: so the deployment has to be reported. It asks every five ` +
    "seconds, for two minutes. `ASOF_URL` and `ASOF_TOKEN` are read from the environment.",
  commands: [
    command(
      "curl",
      ...["sh", "-c", ASKING, "sh", environment, service, later.map(String).join(" ")],
      ...components.map(({ digest }) => digest),
    ),
  ],
});
