/** A real Alertmanager (Debian's `prometheus-alertmanager`), and somebody who is called when something is wrong. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";

const Silences = z.array(
  z.looseObject({
    id: z.string(),
    status: z.looseObject({ state: z.string() }),
    matchers: z.array(z.looseObject({ name: z.string(), value: z.string() })),
    startsAt: z.string(),
    endsAt: z.string(),
    createdBy: z.string(),
    comment: z.string(),
  }),
);
export type Silences = z.infer<typeof Silences>;

const Labels = z.record(z.string(), z.string());
export type Labels = z.infer<typeof Labels>;
const Alerts = z.array(
  z.looseObject({
    labels: Labels,
    status: z.looseObject({ state: z.string(), silencedBy: z.array(z.string()) }),
  }),
);
export type Alert = z.infer<typeof Alerts>[number];

const Notification = z.looseObject({ alerts: z.array(z.looseObject({ labels: Labels })) });

/** Whoever is called, and of what: the labels of each alert. */
export interface OnCall {
  readonly url: string;
  readonly called: Labels[];
  readonly stop: () => Promise<void>;
}

export async function startOnCall(): Promise<OnCall> {
  const called: Labels[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    called.push(...Notification.parse(JSON.parse(body)).alerts.map(({ labels }) => labels));
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${address.port}/`, called, stop };
}

/** Who is notified: with the ends of alerts, and with a bearer's token, where these are given. */
export interface Receiver {
  readonly url: string;
  readonly sendResolved?: boolean;
  readonly bearer?: string;
}

/** Each alert is told by itself, at once; what was silenced is told within a second after. */
const configuration = ({ url, sendResolved = false, bearer }: Receiver): string => `
route: { receiver: on-call, group_by: ["..."], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers:
  - name: on-call
    webhook_configs:
      - url: "${url}"
        send_resolved: ${sendResolved}
        http_config: { ${bearer === undefined ? "" : `authorization: { credentials: "${bearer}" }`} }
`;

export interface Alertmanager {
  readonly silences: () => Promise<Silences>;
  readonly raise: (...alerts: readonly Labels[]) => Promise<void>;
  readonly alert: (labels: Labels) => Promise<Alert>;
  readonly stop: () => Promise<void>;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

/** Starts one on a port of the loopback that is free. */
export async function startAlertmanager(
  folder: string,
  port: number,
  receiver: Receiver,
): Promise<Alertmanager> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "alertmanager.yml");
  writeFileSync(file, configuration(receiver));
  const { PATH = "" } = process.env;
  const child = spawn(
    "prometheus-alertmanager",
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { env: { PATH }, stdio: "ignore" },
  );
  const api = `http://127.0.0.1:${port}/api/v2`;
  const asked = async (path: string): Promise<unknown> => (await fetch(`${api}/${path}`)).json();
  const isUp = async () => (await fetch(`${api}/status`).catch(() => undefined))?.status === 200;
  for (let n = 0; !(await isUp()); n++) {
    if (n === 100 || child.exitCode !== null) throw new Error("prometheus-alertmanager does not start");
    await setTimeout(100);
  }
  return {
    silences: async () => Silences.parse(await asked("silences")),
    raise: async (...alerts) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(alerts.map((labels) => ({ labels })));
      const { status } = await fetch(`${api}/alerts`, { method: "POST", headers, body });
      if (status !== 200) throw new Error(`an alert is answered with ${status}`);
    },
    alert: async (labels) => {
      const all = Alerts.parse(await asked("alerts"));
      const found = all.find((one) =>
        Object.entries(labels).every(([name, value]) => one.labels[name] === value),
      );
      if (found === undefined) throw new Error(`there is no alert ${JSON.stringify(labels)}`);
      return found;
    },
    stop: () => stopped(child),
  };
}
