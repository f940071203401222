/** Keeps aside in a dead-letter queue, whose alarm calls an operator. */
import { gzipSync } from "node:zlib";
import { sha256 } from "../../ledger/canonical.ts";
import type { Quarantine, QuarantineItem } from "../../ledger/quarantine.ts";
import { sender } from "./queue.ts";

/** A message holds 1 MiB with its attributes; a compressed item is cut where even that is too little. */
const PART_CHARACTERS = 900_000;

export function queueQuarantine(url: string): Quarantine {
  const send = sender(url);
  return {
    keep: async (item: QuarantineItem) => {
      const { event, ...about } = item;
      const packed = gzipSync(JSON.stringify(event)).toString("base64");
      const count = Math.ceil(packed.length / PART_CHARACTERS);
      const id = sha256(packed);
      for (let n = 0; n < count; n++) {
        const part = packed.slice(n * PART_CHARACTERS, (n + 1) * PART_CHARACTERS);
        // `gunzip` of the parts' base64, joined in order, is the event as it came.
        const body = { ...about, id, part: n + 1, of: count, gzipBase64: part };
        await send(JSON.stringify(body));
      }
    },
    list: () => Promise.resolve({ where: "the dead-letter queue `aside`", count: null, newest: [] }),
  };
}
