#!/usr/bin/env node
/** `asof` from its sources. Plain JavaScript, because Node starts it: TypeScript is loaded from the next import on. */
import { register } from "tsx/esm/api";

register();
await import("./program.ts");
