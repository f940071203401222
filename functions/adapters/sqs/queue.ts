/** Sends messages to one of the ledger's queues. */
import { TIMEOUTS } from "../timeouts.ts";

/** Loads the SDK's client on first use: most invocations never send, and loading it would slow every cold start. */
export function sender(url: string): (body: string) => Promise<void> {
  const load = async () => {
    const { SendMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
    const client = new SQSClient({ requestHandler: TIMEOUTS });
    return (body: string) => client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  };
  let loading: ReturnType<typeof load> | undefined;
  return async (body) => {
    loading ??= load();
    const send = await loading;
    await send(body);
  };
}
