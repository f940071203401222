/** A command means to a shell exactly what its words say. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { command, quote, spelled, unknown } from "../../functions/plan/shell.ts";
import { Command } from "../../schemas/plan.ts";
import { HOSTILE, takenByShell, word } from "./commands-hostile.ts";

describe("a quoted command", () => {
  it.each([
    [["kubectl", "--context=eu-1", "get", "pods"], "kubectl --context=eu-1 get pods"],
    [["a", "b=ghcr.io/acme/b@sha256:12", "x,y", "50%", "1+1"], "a b=ghcr.io/acme/b@sha256:12 x,y 50% 1+1"],
    [["git", "commit", "--message=Run it as before"], "git commit '--message=Run it as before'"],
    [["echo", "it's"], "echo 'it'\\''s'"],
    [["echo", "", "$HOME", "~", "*"], "echo '' '$HOME' '~' '*'"],
    [["echo", "<chart>"], "echo '<chart>'"],
    [["A=b", "c=d"], "'A=b' c=d"],
    [["naïve"], "'naïve'"],
  ])("%j is written as %s", (argv, shell) => {
    expect(quote(argv)).toBe(shell);
  });

  it("gives a program every hostile word as it is", () => {
    expect(takenByShell([quote(HOSTILE)])).toEqual([HOSTILE]);
  });

  it("gives a program any words as they are", () => {
    const lists = fc.sample(fc.array(word, { minLength: 1, maxLength: 20 }), 1000);
    expect(takenByShell(lists.map(quote))).toEqual(lists);
  });

  it("is one line where no word holds a line break", async () => {
    await fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme-ascii" })), (words) => {
        expect(quote(words)).not.toContain("\n");
      }),
    );
  });
});

describe("a command", () => {
  it("holds its words and the same for a shell", () => {
    const made = command("Knex", "npx", "--no", "--", "knex", "migrate:down", "1 a.js");
    expect(Command.parse(made)).toEqual({
      tool: "Knex",
      argv: ["npx", "--no", "--", "knex", "migrate:down", "1 a.js"],
      shell: "npx --no -- knex migrate:down '1 a.js'",
    });
  });

  it("is refused without a program", () => {
    expect(Command.safeParse(command("nothing")).success).toBe(false);
  });

  it("stands in quotes where something has still to be put in", () => {
    expect(command("helm", "helm", "rollback", unknown("release")).shell).toBe("helm rollback '<release>'");
  });
});

it("compares names of tools by their letters and digits", () => {
  expect(["Argo CD", "argo-cd", "ArgoCD", "argo_cd"].map(spelled)).toEqual(Array(4).fill("argocd"));
});
