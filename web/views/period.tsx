/** The question of views about a place and a number of days. */
import type { Address } from "../address.ts";
import { address, columns, go, services } from "../state.ts";
import { RANGES } from "./tools.tsx";

const DAY = 86_400_000;

export const many = (n: number, one: string): string => (n === 1 ? `1 ${one}` : `${n} ${one}s`);

/** The days of an address; relative to now, so that the same question is asked once, and not again every second. */
export const spanOf = ({ days, at }: Address): { readonly from: string; readonly to?: string } =>
  at === undefined
    ? { from: `-${days}d` }
    : { from: new Date(at - days * DAY).toISOString(), to: new Date(at).toISOString() };

export function PlaceAndDays({ environment }: { readonly environment: string }) {
  const { place, days } = address.value;
  const { shown, folded } = columns.value;
  const service = place?.service;
  return (
    <div class="tools">
      <label>
        In{" "}
        <select
          value={environment}
          onChange={(event) => go({ place: { environment: event.currentTarget.value, service } })}
        >
          {[...shown, ...folded].map((one) => (
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
          <option value="">everything</option>
          {[...new Set([...(service === undefined ? [] : [service]), ...services.value])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        over{" "}
        <select value={String(days)} onChange={(event) => go({ days: Number(event.currentTarget.value) })}>
          {[...new Set([...RANGES, days])].map((one) => (
            <option key={one} value={String(one)}>
              {many(one, "day")}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
