/** Python, for the independent verifier. */
import { execFileSync } from "node:child_process";
import { expect } from "vitest";

/** A Python that has the package: of several, only one may. */
export function python(): string {
  const found = ["python3", "/usr/bin/python3"].find((one) => {
    try {
      execFileSync(one, ["-c", "import cryptography"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  return found ?? expect.fail("needs python3 with cryptography: apt-get install python3-cryptography");
}
