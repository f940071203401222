/** Errors of a ledger's file or tables whose message tells a person what to do. */
import { CannotCopy } from "../ledger/export/copy.ts";
import { StoreError } from "../ledger/store.ts";
import { LogFault } from "../seal/log-store.ts";
import { KeyFileError } from "./folder/log-key.ts";
import { InUse } from "./sqlite/database.ts";
import { CannotOpen } from "./sqlite/schema.ts";

export const isForPerson = (error: unknown): error is Error =>
  [StoreError, InUse, CannotOpen, CannotCopy, LogFault, KeyFileError].some((one) => error instanceof one);
