/** What a function on AWS is told: by variables, and by a secret that is read again and again. */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import { ConfigurationError } from "../config/secrets.ts";

/** A removed token stops within this time. */
const TTL_MS = 60_000;

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new ConfigurationError(`${name}: must be set`);
  return value;
}

/** Reads the secret `ASOF_SECRET` when it is first needed, and anew when what was read is a minute old. */
export function secretAs<T>(read: (text: string) => T): () => Promise<T> {
  const client = new SecretsManagerClient({ requestHandler: TIMEOUTS });
  const SecretId = variable("ASOF_SECRET");
  let last: { atMs: number; value: Promise<T> } | undefined;
  const fetched = async (): Promise<T> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return read(SecretString ?? "");
  };
  return () => {
    if (last === undefined || Date.now() - last.atMs > TTL_MS) {
      const value = fetched();
      last = { atMs: Date.now(), value };
      // A failed reading is tried again by the next request, not kept for a minute.
      value.catch(() => {
        last = undefined;
      });
    }
    return last.value;
  };
}
