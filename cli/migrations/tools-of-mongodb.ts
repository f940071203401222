/** The migration tools of MongoDB, by their collections. Each entry names the source of its format. */
import { mongockStates } from "./mongock.ts";
import { BY_FORMAT, type Tool } from "./tool.ts";
import { joined } from "./values.ts";

export const MONGODB_TOOLS: readonly Tool[] = [
  {
    // seppevs/migrate-mongo: lib/actions/up.js, down.js; reverting deletes the document.
    tool: "migrate-mongo",
    table: "changelog",
    isInMongodb: true,
    columns: ["filename", "appliedat"],
    optionalColumns: ["filehash", "migrationblock"],
    columnTypes: { filename: "text", appliedat: "time" },
    needsUsualName: true,
    mode: "set",
    order: ["appliedat", "filename"],
    version: ({ filename }) => filename,
    checksum: "filehash",
    appliedAt: { column: "appliedat", on: { MongoDB: "zoned" } },
    testedOn: BY_FORMAT,
  },
  {
    // mongock/mongock: ChangeEntry, and each MongoDB driver's ChangeEntryRepository. `_class` is Spring Data's.
    tool: "mongock",
    table: "mongockChangeLog",
    isInMongodb: true,
    columns: ["executionid", "changeid", "author", "timestamp", "state"],
    optionalColumns: [
      "type",
      "changelogclass",
      "changesetmethod",
      "metadata",
      "executionmillis",
      "executionhostname",
      "errortrace",
      "systemchange",
      "_class",
    ],
    mode: "set",
    order: ["timestamp"],
    version: ({ changeid, author }) => joined("::", changeid, author),
    appliedAt: { column: "timestamp", on: { MongoDB: "zoned" } },
    states: mongockStates,
    testedOn: BY_FORMAT,
  },
];
