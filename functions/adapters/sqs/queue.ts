/** Sends messages to one of the ledger's queues. */
import { TIMEOUTS } from "../timeouts.ts";

/**
 * Loads the SDK's client on first use: most invocations never send, and loading it would slow every cold start. What it
 * returns sends a message, which is delivered after some seconds (at most 900), or at once.
 */
export function sender(url: string): (body: string, afterS?: number) => Promise<void> {
  const load = async () => {
    const { SendMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
    const client = new SQSClient({ requestHandler: TIMEOUTS });
    return (MessageBody: string, DelaySeconds: number) =>
      client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, DelaySeconds }));
  };
  let loading: ReturnType<typeof load> | undefined;
  return async (body, afterS = 0) => {
    loading ??= load();
    const send = await loading;
    await send(body, afterS);
  };
}
