/** The question of views about a place and a number of days. */
import { counted } from "../../schemas/words/counted.ts";
import type { Address } from "../address.ts";
import { address, columns, go, services } from "../state.ts";
import { RANGES } from "./tools.tsx";

const DAY = 86_400_000;

/** The days of an address; relative to now, so that the same question is asked once, and not again every second. */
export const spanOf = ({ days, at }: Address): { readonly from: string; readonly to?: string } =>
  at === undefined
    ? { from: `-${days}d` }
    : { from: new Date(at - days * DAY).toISOString(), to: new Date(at).toISOString() };

/** Chooses an environment and a service. @param where, any the words before the environment, and for all services */
export function PlaceChoices({
  environment,
  where,
  any,
}: {
  readonly environment: string;
  readonly where: string;
  readonly any: string;
}) {
  const { shown, others } = columns.value;
  const service = address.value.place?.service;
  return (
    <>
      <label>
        {where}{" "}
        <select
          value={environment}
          onChange={(event) => go({ place: { environment: event.currentTarget.value, service } })}
        >
          {[...shown, ...others].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        what{" "}
        <select
          value={service ?? ""}
          onChange={(event) =>
            go({ place: { environment, service: event.currentTarget.value || undefined } })
          }
        >
          <option value="">{any}</option>
          {[...new Set([...(service === undefined ? [] : [service]), ...services.value])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </>
  );
}

export function PlaceAndDays({ environment }: { readonly environment: string }) {
  const { days } = address.value;
  return (
    <div class="tools">
      <PlaceChoices environment={environment} where="In" any="everything" />
      <label>
        over{" "}
        <select value={String(days)} onChange={(event) => go({ days: Number(event.currentTarget.value) })}>
          {[...new Set([...RANGES, days])].map((one) => (
            <option key={one} value={String(one)}>
              {counted(one, "day")}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
