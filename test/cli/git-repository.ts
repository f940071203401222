/** Repositories made for tests: what each commit changes, at which time. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newFolder } from "./harness.ts";

/** A file's new content; null: it is removed. */
export type Files = Readonly<Record<string, string | null>>;

export interface Repository {
  readonly folder: string;
  readonly git: (...args: readonly string[]) => string;
  /** Commits these changes at a time; returns the commit's id. */
  readonly commit: (at: string, files: Files) => string;
}

export function newRepository(): Repository {
  const folder = newFolder();
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string) =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", ...env },
      ...(input === undefined ? {} : { input }),
    }).trim();
  const git = (...args: readonly string[]) => run(args);
  git("init", "-q", "-b", "main");
  git("config", "user.email", "7+ada@users.noreply.github.com");
  git("config", "user.name", "Ada");
  git("remote", "add", "origin", "git@github.com:acme/deploy.git");
  return {
    folder,
    git,
    commit(at, files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(folder, path);
        if (content === null) rmSync(file);
        else {
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, content);
        }
      }
      git("add", "-A");
      run(["commit", "-q", "--allow-empty", "-m", "change"], { GIT_COMMITTER_DATE: at, GIT_AUTHOR_DATE: at });
      return git("rev-parse", "HEAD");
    },
  };
}

/** A Deployment with one container for each of these images, by name. */
export const deploymentYaml = (name: string, images: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      template: {
        spec: {
          containers: Object.entries(images).map(([container, image]) => ({ name: container, image })),
        },
      },
    },
  });

/** A long history by `git fast-import`: the first commit brings all files, each later one changes one. */
export function manyCommits(
  { folder, git }: Repository,
  commits: readonly Files[],
  startMs: number,
  stepS = 60,
): void {
  const lines = commits.flatMap((files, n) => [
    "commit refs/heads/main",
    `committer Ada <ada@example.org> ${startMs / 1000 + n * stepS} +0000`,
    "data 1",
    "c",
    ...Object.entries(files).flatMap(([path, content]) => [
      `M 100644 inline ${path}`,
      `data ${Buffer.byteLength(content ?? "")}`,
      content ?? "",
    ]),
  ]);
  execFileSync("git", ["-C", folder, "fast-import", "--quiet"], { input: `${lines.join("\n")}\n` });
  git("reset", "-q", "--hard");
}
