/** A source that had fallen silent: what it would have reported may be missing in what is asked. */
import type { Sources } from "../answers/sources.ts";
import { duration } from "./durations.ts";

type Source = Pick<Sources["sources"][number], "source" | "usualPauseS">;

/** @param since when it was heard last, as the reader's clock shows it */
export const silenceWords = ({ source, usualPauseS }: Source, since: string): string =>
  `${source} silent since ${since}${usualPauseS === undefined ? "" : ` (usually every ${duration(usualPauseS * 1000)})`}: may be incomplete`;
