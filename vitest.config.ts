import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"] } },
      // Against Debian's parts: a real registry, a newer Node.
      { extends: true, test: { name: "real", include: ["test/**/*.real.ts"], hookTimeout: 120_000 } },
    ],
  },
});
