/** Sending to a queue of ours. */
import { TIMEOUTS } from "../timeouts.ts";

/** The client is loaded when something is sent: it would cost every cold start what few ever need. */
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
