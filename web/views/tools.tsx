/** Filter, places, comparison and range of the matrix. */
import { address, columns, environments, go } from "../state.ts";

export const RANGES = [1, 7, 30, 90, 365];

function Places() {
  const { shown, folded } = columns.value;
  return (
    <>
      <select
        class="phone"
        aria-label="Place"
        value={shown[0] ?? ""}
        onChange={(event) => go({ columns: [event.currentTarget.value] })}
      >
        {[...shown, ...folded].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <button type="button" class="wide-only" popovertarget="places">
        Places {shown.length}
        {folded.length === 0 ? "" : ` of ${shown.length + folded.length}`}
      </button>
      <div id="places" popover="auto" class="popover">
        {(environments.value ?? []).map(({ environment }) => (
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
      </div>
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
      <span class="quiet">{count === 1 ? "1 service" : `${count} services`}</span>
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
