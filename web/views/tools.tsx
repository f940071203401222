/** Filter, places, comparison and range of the matrix. */
import { counted } from "../../schemas/words/counted.ts";
import { address, columns, environments, go, loading } from "../state.ts";

export const RANGES = [1, 7, 30, 90, 365];

/** The places by group; those of none at the end. */
function byGroup(): readonly (readonly [group: string | undefined, environments: readonly string[]])[] {
  const { shown, others } = columns.value;
  const groups = new Map((environments.value ?? []).map((one) => [one.environment, one.groups?.[0]]));
  const names = [...shown, ...others];
  const found = [...new Set(names.map((one) => groups.get(one)))];
  const sorted = [
    ...found.filter((group) => group !== undefined),
    ...found.filter((group) => group === undefined),
  ];
  return sorted.map((group) => [group, names.filter((one) => groups.get(one) === group)]);
}

/** Which places are side by side. */
function ChoosePlaces() {
  const { shown, others } = columns.value;
  const groups = byGroup();
  return (
    <div id="places" popover="auto" class="popover">
      {groups.map(([group, names]) => (
        <fieldset key={group ?? ""}>
          {groups.length === 1 ? null : <legend>{group ?? "without a group"}</legend>}
          {names.map((environment) => (
            <label key={environment} class="check">
              <input
                type="checkbox"
                checked={shown.includes(environment)}
                onChange={(event) => {
                  const next = event.currentTarget.checked
                    ? [...shown, environment]
                    : shown.filter((one) => one !== environment);
                  go({ columns: next }, true);
                }}
              />
              {environment}
            </label>
          ))}
        </fieldset>
      ))}
      {others.length === 0 ? null : (
        <button type="button" onClick={() => go({ columns: [] }, true)}>
          All places
        </button>
      )}
    </div>
  );
}

function Places() {
  const { shown, others } = columns.value;
  return (
    <>
      <select
        class="phone"
        aria-label="Place"
        value={columns.value.columns[0]?.environments[0] ?? ""}
        onChange={(event) => go({ columns: [event.currentTarget.value] })}
      >
        {[...shown, ...others].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <button type="button" class="wide-only" popovertarget="places">
        Places {shown.length}
        {others.length === 0 ? "" : ` of ${shown.length + others.length}`}
      </button>
      <ChoosePlaces />
    </>
  );
}

export function Tools({ count }: { readonly count: number }) {
  const { filter, compare, days } = address.value;
  const [first] = columns.value.shown;
  return (
    <div class="tools">
      <input
        id="filter"
        type="search"
        placeholder="Filter services  /"
        aria-label="Filter services"
        value={filter}
        onInput={(event) => go({ filter: event.currentTarget.value }, true)}
      />
      <span class="quiet">{count === 0 && loading.value ? "" : counted(count, "service")}</span>
      <span class="space" />
      <Places />
      <button
        id="compare"
        type="button"
        class="wide-only"
        aria-pressed={compare !== undefined}
        onClick={() => go({ compare: compare === undefined ? first : undefined })}
      >
        Compare
      </button>
      {compare === undefined ? null : (
        <select
          aria-label="Compare with"
          value={compare}
          onChange={(event) => go({ compare: event.currentTarget.value })}
        >
          {columns.value.shown.map((one) => (
            <option key={one} value={one}>
              with {one}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label="Range"
        value={String(days)}
        onChange={(event) => go({ days: Number(event.currentTarget.value) })}
      >
        {[...new Set([...RANGES, days])].map((one) => (
          <option key={one} value={String(one)}>
            {one === 1 ? "last day" : `last ${one} days`}
          </option>
        ))}
      </select>
    </div>
  );
}
