/** The services that are known, each with its environments and its description. */
import type { Services } from "../../schemas/answer.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { allKnownNames, knownName, knownNames, take } from "../ledger/names/directories.ts";
import type { Directory, Name } from "../ledger/store.ts";
import { type Question, questionOf } from "./question.ts";
import { describedAt } from "./service-description.ts";

const QUESTION = "the services";

async function entryOf(
  question: Question,
  environment: string | undefined,
  { name, shown }: Name,
): Promise<Services["services"][number]> {
  const [environments, description] = await Promise.all([
    allKnownNames(question, { of: "places", service: name }),
    describedAt(question, { service: name, environment }, question.at),
  ]);
  return {
    service: shown,
    environments: environments.map((environment) => environment.shown),
    owner: description?.owner ?? null,
    contact: description?.contact ?? null,
    repository: description?.repository ?? null,
    images: description?.images ?? [],
    databases: description?.databases ?? [],
    deployTool: description?.deployTool ?? null,
  };
}

/** Answers with one page of the services of an environment, or of all; undefined if the environment is unknown. */
export async function services(
  moment: AsOf,
  { environment }: { readonly environment?: string | undefined },
  paging: Paging = {},
): Promise<Services | undefined> {
  const question = questionOf(moment);
  const [after] = placeOf(QUESTION, paging);
  const directory: Directory =
    environment === undefined ? { of: "catalog" } : { of: "services", environment: fold(environment) };
  if (
    environment !== undefined &&
    (await knownName(question, { of: "environments" }, fold(environment))) === undefined
  )
    return undefined;
  const { taken, more } = await take(knownNames(question, directory, { after }), sizeOf(paging, 50, 100));
  return {
    ...(environment === undefined ? {} : { environment }),
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    services: await mapLimit(AT_ONCE, taken, (name) => entryOf(question, environment, name)),
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
