/** Shows what differs between two moments or two places. */
import type { Difference, ServiceDifference } from "../../schemas/answer.ts";
import type { Beside } from "./release-view.ts";
import { columns, type Line, widthOf } from "./style.ts";
import { counted, shortCommit, shortDigest, shortRevision } from "./words-for.ts";

type Side = ServiceDifference["components"][number]["from"];

const imageOf = (side: Side): string => {
  if (side === null) return "none";
  const image = side.digest === null ? "unknown image" : shortDigest(side.digest);
  const weight = side.weight === undefined ? "" : ` ${side.weight}%`;
  return `${image}${side.commit === null ? "" : ` ${shortCommit(side.commit)}`}${weight}`;
};

type MigrationSide = ServiceDifference["migrations"][number]["from"];
const versionOf = (side: MigrationSide): string =>
  side === null ? "none" : side.status === "known" ? (side.version ?? "unknown") : side.status;

type Configuration = NonNullable<ServiceDifference["config"]>["from"];
const revisionsOf = (config: Configuration): string =>
  config.length === 0 ? "none" : config.map(({ revision }) => shortRevision(revision)).join(", ");

const pathsOf = ({ from, to }: NonNullable<ServiceDifference["config"]>): string =>
  [...new Set([...from, ...to].flatMap(({ path }) => path ?? []))].join(", ");

/** On a terminal the paths stand below the revisions. */
function configRows(config: NonNullable<ServiceDifference["config"]>, room: number): Line[][] {
  const paths: Line = [{ text: pathsOf(config), tone: "dim" }];
  const row: Line[] = [["config"], [revisionsOf(config.from)], ["→"], [revisionsOf(config.to)]];
  if (widthOf(paths) === 0) return [row];
  return Number.isFinite(room) ? [row, [[], paths]] : [[...row, paths]];
}

function rowsOf(
  { service, status, components, migrations, config }: ServiceDifference,
  room: number,
): Line[][] {
  const rows: Line[][] = [
    ...(status === undefined ? [] : [[["status"], [status.from], ["→"], [status.to]]]),
    ...components.map(({ component, variant, from, to }) => [
      [components.length === 1 ? "image" : `image ${component}${variant === undefined ? "" : `/${variant}`}`],
      [imageOf(from)],
      ["→"],
      [imageOf(to)],
    ]),
    ...migrations.map(({ database, from, to }) => [
      [`schema ${database}`],
      [versionOf(from)],
      ["→"],
      [versionOf(to)],
    ]),
    ...(config === undefined ? [] : configRows(config, room)),
  ];
  return rows.map((row, n): Line[] => [[{ text: n === 0 ? service : "", tone: "bold" }], ...row]);
}

export function differenceLines(answer: Difference, { times, room }: Pick<Beside, "times" | "room">): Line[] {
  const { from, to, services, same, next } = answer;
  const sides =
    from.environment === to.environment
      ? `${from.environment} · ${times.time(from.at)} → ${times.zoned(to.at)}`
      : `${from.environment} → ${to.environment} · ${times.zoned(to.at)}`;
  return [
    [{ text: sides, tone: "bold" }],
    ...columns(
      services.flatMap((one) => rowsOf(one, room)),
      "  ",
    ),
    [
      `${counted(services.length, "service")} ${services.length === 1 ? "differs" : "differ"}, ${counted(same, "service")} the same`,
    ],
    ...(next === null ? [] : [["… and further services"]]),
  ];
}
