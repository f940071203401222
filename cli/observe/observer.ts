/** The interface of observers: options, and a look at what really runs in one kind of place. */
import type { Command } from "commander";
import type { Item } from "../import/importer.ts";
import type { Io } from "../io.ts";

/** Parsed by each observer's own schema. */
export type ObserveOptions = Readonly<Record<string, unknown>>;

/** A place that is being observed. */
export interface Observed {
  /**
   * Everything that runs now, as statements with ids and times that are the same as long as nothing changes within a step
   * (`stepOf`), and what cannot be known. Throws a CliError where the place cannot be read.
   */
  readonly look: () => AsyncIterable<Item>;
  /** Everything that the looks so far showed is recorded: whoever keeps a state between two runs may write it now. */
  readonly recorded?: () => void;
  /** Resolves when a look would show something else, or when the signal aborts. Absent: the place tells no changes. */
  readonly changed?: (signal: AbortSignal) => Promise<void>;
}

export interface Observer {
  readonly name: string;
  readonly summary: string;
  /** Shown after the options: examples and notes. */
  readonly help: string;
  readonly options: (command: Command) => Command;
  /**
   * Begins to observe; the signal ends it. Throws a CliError where the options are wrong.
   */
  readonly open: (options: ObserveOptions, io: Io, signal: AbortSignal) => Observed;
}
