/** Translates an environment and a service to their present names, and to all names that they have had. */
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { Run } from "../store.ts";
import { type NameRenames, namesOver, presentName, type Renamable } from "./name-renames.ts";

/** What is read by the names of an environment and a service; folded. */
interface Placed {
  readonly of: string;
  readonly environment?: string;
  readonly service?: string;
  readonly run?: Run;
}

/** The environment and service that something is read by, by their present names. */
export function placeOf(renames: NameRenames, { environment, service, run }: Placed) {
  const named = (what: Renamable, name: string | undefined) =>
    name === undefined ? undefined : fold(presentName(renames[what], name));
  return {
    environment: named("environment", environment ?? run?.environment),
    service: named("service", service ?? run?.service),
  };
}

/** The same under each name that it was recorded under. */
export function underEachName<P extends Placed>(renames: NameRenames, asked: P): P[] {
  const { environment, service } = placeOf(renames, asked);
  const environments = environment === undefined ? [] : namesOver(renames.environment, environment);
  const services = service === undefined ? [] : namesOver(renames.service, service);
  const { run } = asked;
  return (environments.length === 0 ? [{}] : environments.map((name) => ({ environment: name }))).flatMap(
    (one) =>
      (services.length === 0 ? [{}] : services.map((name) => ({ service: name }))).map((other) =>
        run === undefined ? { ...asked, ...one, ...other } : { ...asked, run: { ...run, ...one, ...other } },
      ),
  );
}

export interface Place {
  readonly environment: string | undefined;
  readonly service: string | undefined;
}

const isNamed = (asked: string | undefined, named: string | undefined): boolean =>
  asked === undefined || named === undefined || fold(named) === asked;

/** Whether a fact is about a place, by present names. A retraction is where its target is. */
export const isOf = ({ environment, service }: Place, fact: Fact): boolean =>
  isNamed(environment, "environment" in fact ? fact.environment : undefined) &&
  isNamed(service, "service" in fact ? fact.service : undefined);
