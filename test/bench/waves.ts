/**
 * What a question asks of the table: its requests in waves, as few as it can do with. The same waves sent bare
 * are the floor that the question is measured against.
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** A request, made anew each time that it is sent. */
export interface Request {
  readonly input: unknown;
  readonly send: (client: DynamoDBClient) => Promise<unknown>;
}
export type Waves = readonly (readonly Request[])[];

interface Waiting {
  readonly request: Request;
  readonly answered: (answer: Promise<unknown>) => void;
}

/** A client that hands each command to someone else; whatever else is asked of it, it is the client. */
function diverted(client: DynamoDBClient, divert: (command: object) => Promise<unknown>): DynamoDBClient {
  return new Proxy(client, {
    get: (target, property) => (property === "send" ? divert : Reflect.get(target, property)),
  });
}

function requestOf(command: object): Request {
  const input: unknown = Reflect.get(command, "input");
  const send: Request["send"] = (client) =>
    Reflect.apply(client.send, client, [Reflect.construct(command.constructor, [input])]);
  return { input, send };
}

const turnOfLoop = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Resolves once nothing more is asked for by itself. */
async function quiet(waiting: readonly Waiting[]): Promise<void> {
  let seen = -1;
  while (seen !== waiting.length) {
    seen = waiting.length;
    for (let n = 0; n < 4; n++) await turnOfLoop();
  }
}

/**
 * Runs a question in lockstep: each wave is sent only when nothing more can be asked without an answer, and all
 * its answers come at once. Returns the waves.
 */
export async function wavesOf(
  client: DynamoDBClient,
  question: (client: DynamoDBClient) => Promise<unknown>,
): Promise<Waves> {
  const waiting: Waiting[] = [];
  const waves: Request[][] = [];
  const lockstep = diverted(
    client,
    (command) => new Promise((answered) => waiting.push({ request: requestOf(command), answered })),
  );
  const asked = question(lockstep);
  for (;;) {
    await quiet(waiting);
    if (waiting.length === 0) break;
    const wave = waiting.splice(0);
    waves.push(wave.map(({ request }) => request));
    const sent = wave.map(({ request, answered }) => ({ answer: request.send(client), answered }));
    await Promise.allSettled(sent.map(({ answer }) => answer));
    for (const { answer, answered } of sent) answered(answer);
  }
  await asked;
  return waves;
}

export const requestsIn = (waves: Waves): number => waves.flat().length;

/** Sends the same requests, a wave at a time, and does nothing with the answers. */
export async function sendWaves(client: DynamoDBClient, waves: Waves): Promise<void> {
  for (const wave of waves) await Promise.all(wave.map(({ send }) => send(client)));
}

/** A client that counts the requests it sends. */
export function counting(client: DynamoDBClient): { client: DynamoDBClient; count: () => number } {
  let count = 0;
  const counted = diverted(client, (command) => {
    count++;
    return Reflect.apply(client.send, client, [command]);
  });
  return { client: counted, count: () => count };
}
