/** Every vendor whose webhooks are understood. To add one: a file, its samples in `test/golden`, a line here. */
import { argocd } from "./argocd.ts";
import { aws } from "./aws.ts";
import { azure } from "./azure.ts";
import { azureDevops } from "./azure-devops.ts";
import { bitbucket } from "./bitbucket.ts";
import { distribution } from "./distribution.ts";
import { dockerHub } from "./docker-hub.ts";
import { flux } from "./flux.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { google } from "./google.ts";
import { harbor } from "./harbor.ts";
import { helm } from "./helm.ts";
import { jfrog } from "./jfrog.ts";
import { kubernetes } from "./kubernetes.ts";
import { quay } from "./quay.ts";
import type { Source } from "./source.ts";

export const SOURCES: readonly Source[] = [
  argocd,
  aws,
  azure,
  azureDevops,
  bitbucket,
  distribution,
  dockerHub,
  flux,
  github,
  gitlab,
  google,
  harbor,
  helm,
  jfrog,
  kubernetes,
  quay,
];
