/** Answers in words, for whoever reads them in a terminal. */
import type { Difference, Release, ReleasedComponent, ServiceDifference } from "../../schemas/answer.ts";

const minute = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
const line = (what: string, text: string): string => `   ${what.padEnd(11)} ${text}`;
const shortly = (image: string | null): string =>
  image === null ? "an image not known" : image.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");

function availability({ availability, rebuild }: ReleasedComponent): string {
  if (availability === "available") return "there: it can be deployed again as it is";
  if (availability === "unknown") return "not known: no registry ever spoke of it";
  if (rebuild === undefined) return "deleted, and nobody said what it was built from";
  const from = rebuild.repository === undefined ? "" : ` of ${rebuild.repository}`;
  const how = rebuild.url === undefined ? "" : `, as ${rebuild.url} did`;
  return `deleted: build it again from ${rebuild.sha}${from}${how}`;
}

function componentLines(component: ReleasedComponent): string[] {
  const { commit, build, candidates, tags } = component;
  const name = component.component === "main" ? "image" : component.component;
  const named = tags.length === 0 ? "" : `  (${tags.join(", ")})`;
  const exact = component.image === null ? `one of ${candidates.length}` : `${component.image}${named}`;
  return [
    line(name, exact),
    ...(commit === null
      ? []
      : [line("commit", `${commit.sha} of ${commit.repository ?? "?"} (${commit.evidence})`)]),
    ...(build === null ? [] : [line("built by", build.url)]),
    line("registry", availability(component)),
  ];
}

const migrationLines = ({ migrations }: Release): string[] =>
  migrations === "unknown"
    ? [line("migration", "not known")]
    : migrations.map(({ database, version, appliedAt, reversible }) => {
        const when = appliedAt === undefined ? "" : `, applied ${minute(appliedAt)}`;
        const back = reversible === true ? ", reversible" : "";
        return line("migration", `${database} at ${version ?? "nothing"}${when}${back}`);
      });

/** What ran: everything that is needed to run it again. */
export const releaseLines = (release: Release): string[] => [
  ...release.components.flatMap(componentLines),
  ...release.config.map(({ repository, revision, path }) =>
    line("config", `${path ?? ""} at ${revision} of ${repository ?? "?"}`),
  ),
  ...migrationLines(release),
  line(
    "ran",
    `from ${release.since === null ? "?" : minute(release.since)}` +
      (release.until === null ? ", and still does" : ` to ${minute(release.until)}`),
  ),
  line("deployed by", `${release.deployedBy ?? "?"}, ${release.url ?? "?"}`),
];

type Shown = ServiceDifference["components"][number]["from"];
const shownImage = (shown: Shown): string =>
  shown === null
    ? "nothing"
    : `${shortly(shown.image ?? shown.digest)} (commit ${shown.commit?.slice(0, 12) ?? "not known"})`;

type ShownMigration = ServiceDifference["migrations"][number]["from"];
const shownMigration = (shown: ShownMigration): string =>
  shown === null ? "no database" : (shown.version ?? shown.status);

/** What differs: one service after the other. */
export const differenceLines = ({ services, same, next }: Difference): string[] => [
  ...services.flatMap(({ service, status, components, migrations, config }) => [
    `   ${service}${status === undefined ? "" : `: ${status.from}, now ${status.to}`}`,
    ...components.flatMap(({ component, variant, from, to }) => [
      line(`  ${component}${variant === undefined ? "" : `/${variant}`}`, shownImage(from)),
      line("    now", shownImage(to)),
    ]),
    ...migrations.map(({ database, from, to }) =>
      line("  migration", `${database} at ${shownMigration(from)}, now at ${shownMigration(to)}`),
    ),
    ...(config === undefined ? [] : [line("  config", "differs")]),
  ]),
  `   and ${same} ${same === 1 ? "service is" : "services are"} the same.`,
  ...(next === null ? [] : ["   There are more services than these."]),
];

/** Where what runs is not what was deployed, or could not be deployed again as it is. */
export function doubtLines(release: Release): string[] {
  const { service, drift, components } = release;
  const drifted =
    drift === null
      ? []
      : [
          `   ${service} runs something that nobody deployed, seen ${minute(drift.observedAt)}:`,
          ...drift.claimed.map(({ component, digest }) =>
            line("  deployed", `${component} ${digest ?? "not known"}`),
          ),
          ...drift.observed.map(({ component, digest }) =>
            line("  observed", `${component} ${digest ?? "not known"}`),
          ),
        ];
  const lost = components
    .filter((component) => component.availability === "deleted")
    .flatMap((component) => [
      `   ${service} runs an image that is gone:`,
      line("  image", component.image ?? "not known"),
      line("  registry", availability(component)),
    ]);
  return [...drifted, ...lost];
}
