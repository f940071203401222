/** A fact as it was reported, asked for when it is opened. */
import { useState } from "preact/hooks";
import type { StoredFact } from "../../schemas/answers/stored-fact.ts";
import { Command, Refused } from "./parts.tsx";
import { useAsked } from "./use-answer.ts";

/** Whether the fact is in the sealed log, in words. */
const sealWords = ({ sealed, leafHash }: StoredFact): string => {
  const leaf = `leaf ${leafHash.slice(0, 12)}`;
  if (sealed === undefined) return `${leaf}; this ledger has no sealed log`;
  return sealed.index === null
    ? `${leaf}, not sealed yet`
    : `${leaf}, sealed: number ${sealed.index} of ${sealed.size} in the log`;
};

function Reported({ source, id }: { readonly source: string; readonly id: string }) {
  const { answer, error, again } = useAsked("/v1/fact", { source, id });
  if (error !== undefined) return <Refused error={error} again={again} />;
  if (answer === undefined) return <p class="hint">Loading …</p>;
  return (
    <>
      <p class="hint" title={answer.leafHash}>
        {sealWords(answer)}
      </p>
      <Command text={JSON.stringify(answer.fact, null, 2)} what="fact" />
    </>
  );
}

export function RawFact({ source, id }: { readonly source: string; readonly id: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>
          {source} {id}
        </code>
      </summary>
      {isOpen ? <Reported source={source} id={id} /> : null}
    </details>
  );
}
