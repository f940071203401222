/** The questions that an assistant may ask. Each is one GET of the API, so that none of them changes anything. */
import type * as z from "zod";
import {
  ArtifactQuestion,
  ChangesQuestion,
  DiffQuestion,
  EnvironmentsQuestion,
  GateQuestion,
  PlanQuestion,
  ReleaseQuestion,
  ServicesQuestion,
  SnapshotQuestion,
  TimelineQuestion,
} from "../../schemas/questions/question.ts";

export interface Tool {
  readonly name: string;
  readonly path: string;
  readonly question: z.ZodType;
  /** When to use it, for the assistant. */
  readonly description: string;
}

export const TOOLS: readonly Tool[] = [
  {
    name: "environments",
    path: "/v1/environments",
    question: EnvironmentsQuestion,
    description: "Lists the environments with something running. Ask this first for exact names.",
  },
  {
    name: "services",
    path: "/v1/services",
    question: ServicesQuestion,
    description: "Lists the services, with their environments, owners and repositories.",
  },
  {
    name: "release",
    path: "/v1/release",
    question: ReleaseQuestion,
    description:
      "What a service runs in an environment, or ran at a moment (`at`): image, commit, configuration, schema, who deployed it, since when, and warnings. A status `unknown` means that nothing was reported, not that nothing ran.",
  },
  {
    name: "snapshot",
    path: "/v1/snapshot",
    question: SnapshotQuestion,
    description: "The releases of all services of an environment or group, now or at a moment.",
  },
  {
    name: "timeline",
    path: "/v1/timeline",
    question: TimelineQuestion,
    description:
      "What happened in an environment between two times, in order: deployments, failures, migrations, removals, freezes.",
  },
  {
    name: "diff",
    path: "/v1/diff",
    question: DiffQuestion,
    description: "What differs between two moments of an environment, or between two environments.",
  },
  {
    name: "changes",
    path: "/v1/changes",
    question: ChangesQuestion,
    description:
      "What changed before something broke (`before`, `window`), for a service and what it shares an owner or a database with. What is near in time is a suspect, not the cause; silent sources may hide changes.",
  },
  {
    name: "artifact",
    path: "/v1/artifact",
    question: ArtifactQuestion,
    description:
      "Everything known of an image's digest: commit, builds, tags, evidence, and where and when it ran.",
  },
  {
    name: "plan",
    path: "/v1/plan",
    question: PlanQuestion,
    description:
      "The steps that would run an earlier release or another image again, and what blocks it. It changes nothing; a person decides and requests it.",
  },
  {
    name: "gate",
    path: "/v1/gate",
    question: GateQuestion,
    description: "Whether an image may be deployed to an environment now, and the reasons where it may not.",
  },
];
