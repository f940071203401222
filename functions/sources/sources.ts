/** Every vendor whose webhooks are understood. To add one: a file, its samples in `test/golden`, a line here. */
import { aws } from "./aws.ts";
import { azure } from "./azure.ts";
import { azureDevops } from "./azure-devops.ts";
import { bitbucket } from "./bitbucket.ts";
import { distribution } from "./distribution.ts";
import { dockerHub } from "./docker-hub.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { google } from "./google.ts";
import { harbor } from "./harbor.ts";
import { jfrog } from "./jfrog.ts";
import { quay } from "./quay.ts";
import type { Source } from "./source.ts";

export const SOURCES: readonly Source[] = [
  aws,
  azure,
  azureDevops,
  bitbucket,
  distribution,
  dockerHub,
  github,
  gitlab,
  google,
  harbor,
  jfrog,
  quay,
];
