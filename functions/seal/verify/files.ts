/** The input of a verification: the files of a log, by their paths. */
import { pathOf, TILE_WIDTH, type Tile } from "../tiles.ts";

export interface LogFiles {
  /** Undefined if there is no such file. Rejects if it cannot be read. */
  readonly read: (path: string) => Promise<Buffer | undefined>;
  /**
   * The names in a folder ("" is the log's own), a subfolder's with a slash at its end; none if there is no such folder.
   * Absent where nothing can be listed.
   */
  readonly names?: (folder: string) => Promise<string[]>;
}

/** Files and folders of the sealer at the top of the log, which are no part of it and prove nothing. */
export const isIgnored = (path: string): boolean =>
  ["head", "staging/", "positions/", ".lock"].includes(path) || /^\.partial-[0-9a-f-]{36}$/.test(path);

/** The paths of earlier copies of a tile, from when it was not as full, with how full they were. */
export async function olderCopies(
  { names }: LogFiles,
  tile: Tile,
): Promise<{ readonly path: string; readonly width: number }[]> {
  const folder = `${pathOf({ ...tile, width: TILE_WIDTH })}.p`;
  return ((await names?.(folder)) ?? [])
    .map((name) => ({ path: `${folder}/${name}`, width: Number(name) }))
    .filter(({ path, width }) => width < tile.width && path === pathOf({ ...tile, width }));
}

/** The results of `task` for 0 to `count` - 1 in order; up to `ahead` are on their way at once. */
export async function* inOrder<T>(
  count: number,
  ahead: number,
  task: (n: number) => Promise<T>,
): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  let next = 0;
  while (next < count || running.length > 0) {
    while (next < count && running.length < ahead) {
      const one = task(next++);
      // Its failure is met when its turn comes.
      one.catch(() => undefined);
      running.push(one);
    }
    const first = running.shift();
    if (first !== undefined) yield await first;
  }
}
