/** The endpoint that answers with a plan. */
import type { Context } from "hono";
import type * as z from "zod";
import type { EnvironmentPlan, Plan, PlannedService } from "../../../schemas/plan.ts";
import { imageQueryOf } from "../../../schemas/questions/image-query.ts";
import { PlanQuestion } from "../../../schemas/questions/question.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import { environmentPlan } from "../../plan/environment-plan.ts";
import { type Format, fileOf, type Pinned } from "../../plan/formats.ts";
import { plan } from "../../plan/plan.ts";
import { contradictionOf } from "../../plan/target/image-target.ts";
import { type Question, questionOf } from "../../queries/question.ts";
import type { Ledger } from "../context.ts";
import { moment, query, refuseContradiction } from "../request.ts";
import { sideBySide } from "./group.ts";

/** Only the images of a plan, as a file. */
function fileAnswer(format: Format, services: readonly Pinned[], next: string | null): Response {
  const headers = { "Content-Type": "application/yaml; charset=utf-8" };
  return new Response(fileOf(format, services, next), { headers });
}

/** A plan as JSON. With `check`, the registries' answers are added; they are not part of the plan or its hash. */
async function jsonAnswer(
  ledger: Ledger,
  answer: Plan | EnvironmentPlan,
  services: readonly (Plan | PlannedService)[],
  check: "registry" | undefined,
): Promise<object> {
  if (check === undefined) return answer;
  // Loaded lazily: most plans ask no registry.
  const { checkImages } = await import("./plan-check.ts");
  return { ...answer, registry: await checkImages(ledger, services) };
}

type Asked = z.infer<typeof PlanQuestion>;

/** The plan of a service or of a whole environment; undefined if it is unknown. */
async function planIn(
  ledger: Ledger,
  when: Question,
  { environment, service }: { readonly environment: string; readonly service: string | undefined },
  asked: Asked,
): Promise<Plan | EnvironmentPlan | undefined> {
  const { last, limit, cursor } = asked;
  const options = { ...accepted(asked), tools: ledger.deployTools, hosts: ledger.hosts };
  if (service === undefined) return environmentPlan(when, environment, options, { limit, cursor });
  const image = imageQueryOf(asked);
  const aim = image ?? (last === undefined ? { at: when.at } : { last });
  const place = { environment, service };
  refuseContradiction(image && (await contradictionOf(when, place, image)));
  return plan(when, place, { ...options, aim });
}

const accepted = ({
  schema,
  config,
  acceptConfiguration,
  acceptDataLoss,
  acceptSubstitute,
  acceptShared,
  revertedElsewhere,
}: Asked) => ({
  ...{ schema, config, acceptConfiguration, acceptDataLoss },
  ...{ acceptSubstitute, acceptShared, revertedElsewhere },
});

/**
 * The plan of a service or, without one, of the whole environment; of a group those of its environments. A file if a format
 * other than JSON is requested.
 */
export async function planAnswer(ledger: Ledger, c: Context): Promise<object> {
  const asked = query(c, PlanQuestion);
  const { environment, group, service, at, knownAt, tz, format, check } = asked;
  const when = questionOf(await moment(ledger, { at, knownAt, tz }));
  const found = await sideBySide(when, { environment, group, service }, (one, named) =>
    planIn(ledger, when, { environment: one, service: named }, asked),
  );
  if ("answers" in found) {
    const answers = await mapLimit(1, found.answers, (one) =>
      jsonAnswer(ledger, one, servicesOf(one), check),
    );
    return { ...found, answers };
  }
  const services = servicesOf(found);
  if (format === "json") return jsonAnswer(ledger, found, services, check);
  return fileAnswer(format, services, "next" in found ? found.next : null);
}

const servicesOf = (answer: Plan | EnvironmentPlan): readonly (Plan | PlannedService)[] =>
  "services" in answer ? answer.services : [answer];
