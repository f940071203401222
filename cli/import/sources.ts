/** The sources of imported statements: `/import/<importer>/<where>`; the segment after the importer is usually a host. */
import { IMPORTS } from "../../functions/ledger/imports.ts";

export const importSource = (importer: string, where: string): string =>
  `${IMPORTS}${importer}/${pathOf(where)}`;

/** A place as the rest of a source, which is a URI reference. */
export const pathOf = (where: string): string =>
  where
    .replace(/^https?:\/\//, "")
    .split("/")
    .filter((part) => part !== "")
    .map(encodeURIComponent)
    .join("/");
