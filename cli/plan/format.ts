/** A plan as text for a terminal. */
import type { Plan, Step } from "../../schemas/plan.ts";

/** Free text may hold control sequences for a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ");

const short = (digest: string | null): string => digest?.slice(0, "sha256:".length + 12) ?? "unknown";

function imageLines({ components }: Plan): string[] {
  return components.flatMap(
    ({ component, from, to, image, availability, restore = [], rebuild, substitute }) => [
      `  ${component}: ${short(from)} -> ${image ?? short(to)} (${availability})`,
      ...restore.map((command) => `    restore it: ${command}`),
      ...(rebuild === undefined ? [] : [`    rebuild it from ${Object.values(rebuild).join(", ")}`]),
      ...(substitute === undefined ? [] : [`    may be replaced by ${substitute.image}`]),
    ],
  );
}

/** One change from what runs now to the target; none where both sides read the same. */
function changeLine<T>(
  what: string,
  { from, to, compareUrl }: { from: T | null; to: T | null; compareUrl: string | null },
  shown: (side: T) => string,
): string[] {
  const [before, after] = [from, to].map((side) => (side === null ? "unknown" : shown(side)));
  if (before === after) return [];
  return [`  ${what}: ${before} -> ${after}${compareUrl === null ? "" : `  ${compareUrl}`}`];
}

function schemaLines({ schema: { choice, revert, keep } }: Plan): string[] {
  const listed = (versions: Plan["schema"]["keep"]): string =>
    versions.map(({ database, version }) => `${version} of ${database}`).join(", ");
  if (choice === "undecided") return [`  schema: --schema keep or revert? ${listed(keep)}`];
  return [
    ...(revert.length === 0 ? [] : [`  schema: revert ${listed(revert)}`]),
    ...(keep.length === 0 ? [] : [`  schema: keep ${listed(keep)}`]),
    ...(choice === "unknown" ? ["  schema: unknown"] : []),
  ];
}

const stepLines = ({ n, title, why, commands }: Step): string[] => [
  `  ${n}. ${title}`,
  ...(why === "" ? [] : [`     ${why}`]),
  ...commands.map(({ shell }) => `       $ ${shell}`),
];

const checkLines = ({ registry }: Plan): string[] =>
  (registry?.images ?? []).map(
    ({ image, answer, reason }) =>
      `registry: ${image} is ${answer}${reason === undefined ? "" : `: ${reason}`}`,
  );

/** Status, blockers and warnings first; then what changes, then the steps. */
export function formatPlan(plan: Plan): string[] {
  const { environment, service, at, status, hash, blockers, warnings, commits, config, steps } = plan;
  const changes = [
    ...imageLines(plan),
    ...changeLine("commit", commits, ({ sha }) => sha.slice(0, 12)),
    ...config.flatMap((one) =>
      changeLine("configuration", one, ({ repository, revision, path }) =>
        [repository, revision, path].filter((part) => part !== undefined).join(" "),
      ),
    ),
    ...schemaLines(plan),
  ];
  const when = at === null ? "" : `, as of ${at}`;
  return [
    `${service} in ${environment}${when}: ${status}`,
    ...blockers.map(({ code, message }) => `blocked: ${message} (${code})`),
    ...warnings.map(({ code, message }) => `warning: ${message} (${code})`),
    ...checkLines(plan),
    ...(changes.length === 0 ? [] : ["", "what changes", ...changes]),
    ...(steps.length === 0 ? [] : ["", "steps", ...steps.flatMap(stepLines)]),
    "",
    `plan ${hash}`,
  ].map(plain);
}
