import type { Command } from "commander";
import type { World } from "../io.ts";
import type { Known } from "./options.ts";
import type { Said } from "./submit.ts";

/** One kind of `asof record`: its options beside those that all have, and what they make it say. */
export interface Speaker {
  readonly name: string;
  readonly summary: string;
  /** Examples, and what is worth knowing. */
  readonly help: string;
  readonly options: (command: Command) => Command;
  /** Throws a Complaint or a RegistryError where something is missing that cannot be found. */
  readonly speak: (options: unknown, known: Known, world: World) => Said[] | Promise<Said[]>;
}
