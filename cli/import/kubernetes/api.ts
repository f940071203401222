/** Lists of a Kubernetes API server, by its official client: pages, retries, and refusals as one line. */
import type { ApiException, V1ConfigMapList, V1SecretList } from "@kubernetes/client-node";
import pRetry from "p-retry";
import * as z from "zod";
import { CliError } from "../../error.ts";
import type { Io } from "../../io.ts";
import { type ClusterAccess, configured } from "../../kubeconfig.ts";

const RETRIES = 5;
const RETRY_AFTER_MAX_S = 60;
/** Objects a page. Helm's are up to a megabyte each. */
const PAGE = 250;
const PAGE_OF_CORE = 25;

/** A kind of objects of an API group, as its address names it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Each method gives nothing where the server does not have the kind. Throws `NotAllowed`, and CliErrors. */
export interface ClusterApi {
  /** Objects as the server has them, page by page. */
  readonly list: (resource: Resource) => AsyncGenerator<readonly unknown[]>;
  /** Secrets or ConfigMaps with a label. */
  readonly labelled: (
    kind: "Secret" | "ConfigMap",
    labelSelector: string,
  ) => AsyncGenerator<readonly object[]>;
}

/** The login may not list something. */
export class NotAllowed extends Error {}

/** Which cluster to read, and what of it. */
export interface Access extends ClusterAccess {
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

const RawPage = z.looseObject({
  items: z.array(z.unknown()),
  metadata: z.looseObject({ continue: z.string().optional() }).optional(),
});

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** What the client throws where a server answered; everything else is that none did, or not in time. */
const isAnswer = (error: unknown): error is ApiException<unknown> =>
  error instanceof Error && "code" in error && typeof error.code === "number" && "headers" in error;
const mayPass = (error: unknown): boolean => !isAnswer(error) || error.code === 429 || error.code >= 500;

const Message = z.looseObject({ message: z.string() });

function asCliError(error: unknown, what: string): unknown {
  if (!isAnswer(error))
    return new CliError(`the cluster does not answer: ${error instanceof Error ? error.message : what}`, {
      cause: error,
    });
  if (error.code === 403) return new NotAllowed(what, { cause: error });
  const told = Message.safeParse(error.body).data?.message ?? "";
  const hint =
    error.code === 401
      ? "sign in, as for kubectl"
      : error.code === 410
        ? "the list changed while it was read: run it again"
        : told;
  return new CliError(`the cluster answered ${error.code} for ${what}: ${hint}`, { cause: error });
}

/** The wait that a server asks for, before the retry. */
async function waited(error: unknown): Promise<void> {
  const seconds = isAnswer(error) ? Number(error.headers["retry-after"] ?? 0) : 0;
  if (seconds > 0) await new Promise((done) => setTimeout(done, Math.min(seconds, RETRY_AFTER_MAX_S) * 1000));
}

/** All pages of a list; none where the server does not have the kind. */
async function* pagesOf<T>(
  what: string,
  { waitMs }: Io,
  read: (next: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
  for (let next: string | undefined, isMore = true; isMore; ) {
    const after = next;
    const page = await pRetry(() => read(after), {
      retries: RETRIES,
      minTimeout: waitMs,
      onFailedAttempt: ({ error }) => waited(error),
      shouldRetry: ({ error }) => mayPass(error),
    }).catch((error: unknown) => {
      if (isAnswer(error) && error.code === 404) return { items: [], next: undefined };
      throw asCliError(error, what);
    });
    yield page.items;
    next = page.next;
    isMore = next !== undefined;
  }
}

const afterOf = (next: string | undefined) => (next === undefined ? {} : { _continue: next });
/** The last page has an empty token, or none. */
const tokenIn = (token: string | undefined): string | undefined => token || undefined;

export async function clusterApi(access: Access, io: Io): Promise<ClusterApi> {
  const { CoreV1Api, CustomObjectsApi, KubeConfig } = await import("../../kubernetes-client.ts");
  const config = configured(new KubeConfig(), access);
  const [custom, core] = [config.makeApiClient(CustomObjectsApi), config.makeApiClient(CoreV1Api)];
  const namespaces = access.namespaces.length === 0 ? [undefined] : access.namespaces;

  async function* list(resource: Resource): AsyncGenerator<readonly unknown[]> {
    const { group, plural } = resource;
    for (const namespace of namespaces)
      yield* pagesOf(`${plural}.${group}`, io, async (next) => {
        const asked = { ...resource, limit: PAGE, ...afterOf(next) };
        const answer: unknown =
          namespace === undefined
            ? await custom.listClusterCustomObject(asked)
            : await custom.listNamespacedCustomObject({ ...asked, namespace });
        const { items, metadata } = RawPage.parse(answer);
        return { items, next: tokenIn(metadata?.continue) };
      });
  }

  async function* labelled(kind: "Secret" | "ConfigMap", labelSelector: string) {
    const listed = (
      asked: object,
      namespace: string | undefined,
    ): Promise<V1SecretList | V1ConfigMapList> => {
      if (kind === "Secret")
        return namespace === undefined
          ? core.listSecretForAllNamespaces(asked)
          : core.listNamespacedSecret({ ...asked, namespace });
      return namespace === undefined
        ? core.listConfigMapForAllNamespaces(asked)
        : core.listNamespacedConfigMap({ ...asked, namespace });
    };
    for (const namespace of namespaces)
      yield* pagesOf<object>(`${kind.toLowerCase()}s`, io, async (next) => {
        const asked = { labelSelector, limit: PAGE_OF_CORE, ...afterOf(next) };
        const { items, metadata } = await listed(asked, namespace);
        return { items, next: tokenIn(metadata?._continue) };
      });
  }

  return { list, labelled };
}
