/** `asof observe`: all its observers. */
import type { Entry } from "../loaded-parts.ts";
import { observeWith } from "./command.ts";
import type { Observer } from "./observer.ts";

const OBSERVERS: readonly Entry<Observer>[] = [
  {
    name: "docker",
    summary: "containers of Docker, Podman and Compose",
    load: async () => (await import("./docker.ts")).docker,
  },
  {
    name: "ecs",
    summary: "tasks of services in Amazon ECS",
    load: async () => (await import("./ecs.ts")).ecs,
  },
  {
    name: "kubernetes",
    summary: "what the pods of a cluster run, workload by workload",
    load: async () => (await import("./kubernetes.ts")).kubernetes,
  },
  {
    name: "pm2",
    summary: "applications of this machine that PM2 runs",
    load: async () => (await import("./pm2.ts")).pm2,
  },
  {
    name: "registry",
    summary: "tags of registries that send no events",
    load: async () => (await import("./registry.ts")).registry,
  },
  {
    name: "systemd",
    summary: "services of this machine that systemd runs",
    load: async () => (await import("./systemd.ts")).systemd,
  },
];

export const observeCommand = observeWith(OBSERVERS);
