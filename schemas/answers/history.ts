/** The history: every interval of every service, as columns, so that a client can show any moment of it by itself. */

import * as z from "zod";
import { renamed } from "../renamed-name.ts";
import { digest, imageRepository, name, sha, shownPerson, tag, time } from "../scalars.ts";
import { warning } from "./release.ts";

const ms = z.int().meta({ description: "milliseconds since 1970-01-01T00:00:00Z" });
const column = <T extends z.ZodType>(cell: T, description: string) => z.array(cell).meta({ description });

const shownComponent = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  digest: digest.nullable(),
  resolvedBy: z.enum(["digest", "task", "tag", "commit", "none"]),
  repository: imageRepository.nullable(),
  tags: z.array(tag),
  commit: sha.nullable(),
});

const shownRelease = z.strictObject({
  components: z.array(shownComponent),
  owner: z.string().nullable(),
});
export type ShownRelease = z.infer<typeof shownRelease>;

/** One row of all columns: from `at` on, until the next row of the same place. */
const rows = z.strictObject({
  place: column(z.int(), "index in `places`; the rows of one place stand together, oldest first"),
  at: column(
    ms,
    "from when on the row holds; the first row of a place: `from`. Where no deployment named the digest, the row shows what tasks and observations showed by then",
  ),
  status: column(z.enum(["running", "removed", "unknown"]), "as in a release at that time"),
  since: column(ms.nullable(), "as in a release: the start of what runs; equal in rows of one interval"),
  until: column(ms.nullable(), "as in a release"),
  release: column(z.int(), "index in `releases`"),
  by: column(z.int().nullable(), "index in `people`: who deployed it"),
  rollback: column(z.boolean(), "as in a release"),
  drift: column(z.boolean(), "whether the runtime shows other images than were deployed"),
  attempt: column(z.enum(["started", "failed"]).nullable(), "a deployment that has started, or failed"),
});

export const History = z
  .strictObject({
    renamed,
    environment: name.exactOptional(),
    group: name.exactOptional(),
    from: time,
    to: time,
    knownAt: time,
    settled: z.boolean(),
    places: z.array(z.strictObject({ environment: name, service: name })),
    releases: z.array(shownRelease).meta({ description: "what ran, each once" }),
    people: z.array(shownPerson),
    rows,
    next: z.string().nullable().meta({
      description: "pass as `cursor` for the next page, which may go on with the last place of this one",
    }),
    warnings: z
      .array(warning)
      .exactOptional()
      .meta({ description: "of facts that it rests on and somebody disputes; absent if there are none" }),
  })
  .meta({ id: "History" });
export type History = z.infer<typeof History>;
