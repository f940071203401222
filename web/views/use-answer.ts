/** An answer of the ledger for a view, asked again when the question changes. */
import { useEffect, useState } from "preact/hooks";
import { type Answers, ApiError, ask, type Path, type Query } from "../api.ts";

export interface Asked<T> {
  /** The last answer: that of the question before, while a new one is awaited. */
  readonly answer: T | undefined;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  readonly again: () => void;
}

/** @param query undefined: nothing is asked */
export function useAsked<P extends Path>(
  path: P,
  query: Query | undefined,
  everyMs?: number,
): Asked<Answers[P]> {
  const [state, setState] = useState<Omit<Asked<Answers[P]>, "again">>({
    answer: undefined,
    isLoading: true,
    error: undefined,
  });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(query);
  useEffect(() => {
    if (query === undefined) return undefined;
    const ended = new AbortController();
    setState(({ answer }) => ({ answer, isLoading: true, error: undefined }));
    ask(path, query, ended.signal).then(
      (answer) => setState({ answer, isLoading: false, error: undefined }),
      (error: unknown) => {
        if (!ended.signal.aborted && error instanceof ApiError)
          setState(({ answer }) => ({ answer, isLoading: false, error }));
      },
    );
    return () => ended.abort();
  }, [path, key, turn]);
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => setTurn((n) => n + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return { ...state, again: () => setTurn((n) => n + 1) };
}
