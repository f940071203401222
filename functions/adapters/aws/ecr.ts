/** Reads what Amazon ECR holds: images with the times of their pushes, and their manifests. */
import type { ImageDetail } from "@aws-sdk/client-ecr";
import type { ImageContent } from "../../ledger/ingest/registries.ts";
import { contentOfManifest, MANIFEST_TYPES } from "../registry/oci.ts";
import { PATIENT } from "./patient.ts";

export type { ImageDetail };

/** Images that one request of `BatchGetImage` may name. */
const IMAGES_MAX = 100;
const PAGE = 1000;

export interface EcrRepository {
  readonly name: string;
  /** Its registry's host and its name: how images of it are named. */
  readonly repository: string;
}

/** Each method throws the SDK's error. Region, credentials and endpoint are those of AWS's own tools. */
export interface EcrImages {
  /** The repositories of these names; without any: all of the region's registry. */
  readonly repositories: (names: readonly string[]) => AsyncGenerator<EcrRepository>;
  /** Its images, archived ones excepted, in pages. */
  readonly images: (name: string) => AsyncGenerator<ImageDetail[]>;
  /** What the manifests of these digests say, without their configurations. Those that are gone are left out. */
  readonly manifests: (name: string, digests: readonly string[]) => Promise<ImageContent[]>;
}

export async function ecrImages(): Promise<EcrImages> {
  const sdk = await import("@aws-sdk/client-ecr");
  const client = new sdk.ECRClient(PATIENT);

  async function* repositories(names: readonly string[]): AsyncGenerator<EcrRepository> {
    const asked = names.length === 0 ? {} : { repositoryNames: [...names] };
    // Names and a size of pages exclude each other.
    const paging = names.length === 0 ? { client, pageSize: PAGE } : { client };
    for await (const page of sdk.paginateDescribeRepositories(paging, asked))
      for (const { repositoryName: name, repositoryUri: repository } of page.repositories ?? [])
        if (name !== undefined && repository !== undefined) yield { name, repository };
  }

  async function* images(repositoryName: string): AsyncGenerator<ImageDetail[]> {
    const pages = sdk.paginateDescribeImages({ client, pageSize: PAGE }, { repositoryName });
    for await (const { imageDetails = [] } of pages) yield imageDetails;
  }

  async function manifests(repositoryName: string, digests: readonly string[]): Promise<ImageContent[]> {
    const found: ImageContent[] = [];
    for (let n = 0; n < digests.length; n += IMAGES_MAX) {
      const imageIds = digests.slice(n, n + IMAGES_MAX).map((imageDigest) => ({ imageDigest }));
      const command = new sdk.BatchGetImageCommand({
        repositoryName,
        imageIds,
        acceptedMediaTypes: [...MANIFEST_TYPES],
      });
      const { images: got = [] } = await client.send(command);
      for (const { imageId, imageManifest = "", imageManifestMediaType = "" } of got)
        found.push(contentOfManifest(imageId?.imageDigest ?? "", imageManifestMediaType, imageManifest));
    }
    return found;
  }

  return { repositories, images, manifests };
}
