/** How to restore an archived image: the command that its registry has for it. */

/** Amazon ECR's registries are named by account and region. */
const ECR = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/(.+)$/;

/** The commands that restore these digests; none for a registry whose command is not known. */
export function restoreCommands(repository: string, digests: readonly string[]): string[] {
  const [, account, region, name] = ECR.exec(repository) ?? [];
  if (name === undefined) return [];
  return digests.map((digest) =>
    [
      "aws ecr update-image-storage-class",
      `--region ${region} --registry-id ${account} --repository-name ${name}`,
      `--image-id imageDigest=${digest} --target-storage-class STANDARD`,
    ].join(" "),
  );
}
