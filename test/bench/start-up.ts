/** How long `asof` takes to start, against Node alone. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleCommandLine } from "../../functions/runtime/build.ts";
import type { Row } from "./rows.ts";
import { median } from "./timing.ts";

function startMs(args: readonly string[]): number {
  const start = performance.now();
  execFileSync(process.execPath, args, { stdio: "ignore" });
  return performance.now() - start;
}

export async function startUpRows(samples: number, progress: (text: string) => void): Promise<Row[]> {
  progress("starting asof");
  const folder = mkdtempSync(join(tmpdir(), "asof-bench-start-"));
  try {
    await bundleCommandLine(folder);
    const program = join(folder, "asof.mjs");
    const ours: number[] = [];
    const floor: number[] = [];
    for (let n = 0; n < samples; n++) {
      floor.push(startMs(["-e", "0"]));
      ours.push(startMs([program, "show", "--help"]));
    }
    return [
      {
        what: "starting asof",
        unit: "ms",
        ours: median(ours),
        floor: median(floor),
        floorIs: "node -e 0",
        ratio: median(ours) / median(floor),
        aim: { atMost: 3 },
        note: `asof show --help; median of ${samples} fresh processes`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
