/** EventBridge's envelope: the event's type, and the event itself. */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, mapping, quoted } from "../payload.ts";

export const Titled = z.looseObject({ "detail-type": z.string(), detail: z.unknown().optional() });

/** Maps a service's events of one type, and ignores its others. */
export const mappingOnly = <T>(
  only: string,
  schema: z.ZodType<T>,
  payload: unknown,
  map: (it: T, raw: unknown) => Mapped,
): Mapped[] =>
  mapping(Titled, payload, ({ "detail-type": type, detail }) =>
    type === only
      ? mapping(schema, payload, (it) => [map(it, { "detail-type": type, detail })])
      : [ignored(`${quoted(type)} is not recorded`, payload)],
  );
