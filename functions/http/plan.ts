/** The endpoint that answers with a plan. */
import type { Context } from "hono";
import { imageQueryOf } from "../../schemas/image-query.ts";
import type { EnvironmentPlan, Plan, PlannedService } from "../../schemas/plan.ts";
import { PlanQuestion } from "../../schemas/question.ts";
import { environmentPlan } from "../plan/environment-plan.ts";
import { type Format, fileOf, type Pinned } from "../plan/formats.ts";
import { contradictionOf } from "../plan/image-target.ts";
import { plan } from "../plan/plan.ts";
import { questionOf } from "../queries/question.ts";
import type { Ledger } from "./context.ts";
import { foundAt, moment, query, refuseContradiction } from "./request.ts";

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

/** The plan of a service or, without one, of the whole environment. A file if a format other than JSON is requested. */
export async function planAnswer(ledger: Ledger, c: Context): Promise<object> {
  const asked = query(c, PlanQuestion);
  const { environment, service, at, last, knownAt, tz, format, check, limit, cursor, ...options } = asked;
  const when = questionOf(await moment(ledger, { at, knownAt, tz }));
  if (service === undefined) {
    const page = await foundAt(
      when,
      { environment },
      await environmentPlan(when, environment, { ...options, tools: ledger.deployTools }, { limit, cursor }),
    );
    return format === "json"
      ? jsonAnswer(ledger, page, page.services, check)
      : fileAnswer(format, page.services, page.next);
  }
  const image = imageQueryOf(asked);
  const aim = image ?? (last === undefined ? { at: when.at } : { last });
  const place = { environment, service };
  refuseContradiction(image && (await contradictionOf(when, place, image)));
  const answer = await foundAt(
    when,
    place,
    await plan(when, place, { ...options, aim, tools: ledger.deployTools, hosts: ledger.hosts }),
  );
  return format === "json" ? jsonAnswer(ledger, answer, [answer], check) : fileAnswer(format, [answer], null);
}
