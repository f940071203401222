/** Writes the description of the doors where a linter can read it: `node --import tsx test/openapi.ts FILE`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { document } from "../functions/http/openapi/document.ts";

const file = process.argv[2] ?? ".build/openapi.json";
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, JSON.stringify(document(), null, 2));
