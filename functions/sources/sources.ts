/** Every vendor whose webhooks are understood. To add one: a file, its samples in `test/golden`, a line here. */
import { aws } from "./aws.ts";
import { distribution } from "./distribution.ts";
import { github } from "./github.ts";
import type { Source } from "./source.ts";

export const SOURCES: readonly Source[] = [distribution, github, aws];
