/**
 * JSON reports of tools and frameworks, for databases that cannot be reached.
 *
 * `flyway migrate -outputType=json` describes one run (flyway/flyway, MigrateResult, MigrateErrorResult): what it applied,
 * in order, without times. Nothing of a failed run counts as applied, because it may have been rolled back with it
 * (`group`). The failed version is only in the name of its file, `V<version>__<description>`, Flyway's default.
 *
 * Spring Boot's endpoints `/actuator/flyway` and `/actuator/liquibase` (docs.spring.io, Actuator API) list what is applied
 * now, with the tools' own states, and times with a zone.
 */
import * as z from "zod";
import { faultsOf } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import type { Row } from "./driver.ts";
import { type History, historyOf } from "./history.ts";
import { APPLIED, FAILED, leftOut, type State } from "./state.ts";
import type { Tool } from "./tool.ts";
import { TOOLS } from "./tools.ts";
import { instantOf } from "./values.ts";

// --- one run of Flyway ------------------------------------------------------------------------------------

export interface Step {
  readonly version: string;
  readonly description?: string;
}

/** One run of a tool. */
export interface Run {
  readonly tool: string;
  readonly from: string;
  /** When the run ended. */
  readonly at: string;
  readonly applied: readonly Step[];
  readonly failed: readonly Step[];
  readonly leftOut: ReadonlyMap<string, number>;
}

const Migrate = z.looseObject({
  operation: z.literal("migrate"),
  success: z.boolean().nullish(),
  migrations: z
    .array(z.looseObject({ version: z.string().nullish(), description: z.string().nullish() }))
    .nullish(),
  error: z.looseObject({ path: z.string().nullish() }).nullish(),
});
type Migrate = z.infer<typeof Migrate>;

/** A call with several commands reports them side by side; an error before the first is reported alone. */
const Flyway = z.union([
  Migrate,
  z
    .looseObject({ individualResults: z.array(z.looseObject({ operation: z.string().nullish() })) })
    .transform(({ individualResults }) => individualResults.find(({ operation }) => operation === "migrate"))
    .pipe(Migrate),
]);

export function flywayRun(report: unknown, from: string, at: string): Run {
  const parsed = Flyway.safeParse(report);
  if (!parsed.success) {
    throw new CliError(
      `${from}: is not a report of 'flyway migrate -outputType=json': "operation" must be "migrate"`,
    );
  }
  const run = parsed.data;
  const { migrations } = run;
  if (run.success === false || (run.error ?? undefined) !== undefined) return failedRun(run, from, at);
  const steps = (migrations ?? []).flatMap(({ version, description }) => stepOf(version, description));
  const repeatable = (migrations ?? []).length - steps.length;
  const counted = repeatable === 0 ? [] : [["repeatable, without a version", repeatable] as const];
  return { tool: "flyway", from, at, applied: steps, failed: [], leftOut: new Map(counted) };
}

function failedRun({ migrations, error }: Migrate, from: string, at: string): Run {
  const failed = stepOf(versionOfFile(error?.path));
  const open = migrations?.length ?? 0;
  const counted = open === 0 ? [] : [["of a failed run, possibly rolled back", open] as const];
  return { tool: "flyway", from, at, applied: [], failed, leftOut: new Map(counted) };
}

function stepOf(version: string | null | undefined, description?: string | null): Step[] {
  if (version === undefined || version === null || version === "") return [];
  return [{ version, ...(description ? { description } : {}) }];
}

const versionOfFile = (path: string | null | undefined): string | undefined =>
  /(?:^|[/\\])V([\d._]+?)__[^/\\]*$/.exec(path ?? "")?.[1]?.replaceAll("_", ".");

// --- Spring Boot's Actuator -------------------------------------------------------------------------------

const scalar = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? null : String(value)));

const FlywayBean = z.looseObject({
  migrations: z.array(
    z.looseObject({
      version: scalar,
      type: scalar,
      state: scalar,
      checksum: scalar,
      installedOn: scalar,
      installedRank: scalar,
    }),
  ),
});

const LiquibaseBean = z.looseObject({
  changeSets: z.array(
    z.looseObject({
      changeLog: scalar,
      id: scalar,
      author: scalar,
      checksum: scalar,
      execType: scalar,
      dateExecuted: scalar,
      orderExecuted: scalar,
    }),
  ),
});

const Actuator = z.looseObject({
  contexts: z.record(
    z.string(),
    z.looseObject({
      flywayBeans: z.record(z.string(), FlywayBean).nullish(),
      liquibaseBeans: z.record(z.string(), LiquibaseBean).nullish(),
    }),
  ),
});

interface Bean {
  readonly tool: string;
  readonly rows: readonly Row[];
  readonly states?: (rows: readonly Row[]) => State[];
}

export function actuatorHistory(report: unknown, from: string, at: string): History {
  const parsed = Actuator.safeParse(report);
  if (!parsed.success) {
    throw new CliError(
      `${from}: is not an answer of /actuator/flyway or /actuator/liquibase: ${faultsOf(parsed.error)}`,
    );
  }
  const beans = Object.values(parsed.data.contexts).flatMap(({ flywayBeans, liquibaseBeans }) => [
    ...Object.values(flywayBeans ?? {}).map(flywayBean),
    ...Object.values(liquibaseBeans ?? {}).map(liquibaseBean),
  ]);
  const [bean] = beans;
  if (bean === undefined || beans.length > 1) {
    throw new CliError(
      `${from}: has ${beans.length} histories, and only a single one can be reported; read the databases instead`,
    );
  }
  const tool = toolCalled(bean.tool);
  return historyOf({
    tool,
    from,
    at,
    rows: bean.rows,
    states: bean.states ?? tool.states ?? ((rows) => rows.map(() => APPLIED)),
    appliedAt: (row) => instantOf(row.at, "zoned"),
  });
}

function toolCalled(name: string): Tool {
  const found = TOOLS.find(({ tool }) => tool === name);
  if (found === undefined) throw new Error(`${name} is not a known tool`);
  return found;
}

const flywayBean = ({ migrations }: z.infer<typeof FlywayBean>): Bean => ({
  tool: "flyway",
  rows: migrations.map(({ version, type, state, checksum, installedOn, installedRank }) => ({
    version,
    type,
    state,
    checksum,
    installed_rank: installedRank,
    at: installedOn,
  })),
  states: (rows) => rows.map(flywayState),
});

/** Flyway's MigrationState: the states of an applied versioned migration, and of a failed one. */
const IN_EFFECT = new Set(["SUCCESS", "BASELINE", "OUT_OF_ORDER", "MISSING_SUCCESS", "FUTURE_SUCCESS"]);
const BROKEN = new Set(["FAILED", "MISSING_FAILED", "FUTURE_FAILED"]);

function flywayState({ version, type, state }: Row): State {
  if (version === null) return leftOut("repeatable, without a version");
  if (BROKEN.has(state ?? "")) return FAILED;
  if (type?.startsWith("UNDO_")) return leftOut("reverts another");
  return IN_EFFECT.has(state ?? "") ? APPLIED : leftOut((state ?? "without a state").toLowerCase());
}

const liquibaseBean = ({ changeSets }: z.infer<typeof LiquibaseBean>): Bean => ({
  tool: "liquibase",
  rows: changeSets.map(({ changeLog, id, author, checksum, execType, dateExecuted, orderExecuted }) => ({
    filename: changeLog,
    id,
    author,
    exectype: execType,
    md5sum: checksum,
    orderexecuted: orderExecuted,
    at: dateExecuted,
  })),
});
