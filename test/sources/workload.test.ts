import { describe, expect, it } from "vitest";
import { containersIn } from "../../functions/sources/deployers/manifest-images.ts";
import { componentsOf, namesBy } from "../../functions/sources/deployers/workload.ts";

const container = (kind: string, name: string, container: string, namespace = "shop") => ({
  workload: { kind, namespace, name },
  container,
  image: "ghcr.io/acme/shop:1",
});
const named = (...given: Parameters<typeof componentsOf>) =>
  componentsOf(...given).map(({ component }) => component);

describe("the components of a deployment", () => {
  const web = container("Deployment", "web", "app");
  const proxy = container("Deployment", "web", "proxy");
  const worker = container("StatefulSet", "worker", "app");

  it.each([
    ["the only container", [web], ["main"]],
    ["the containers of the only workload", [web, proxy], ["app", "proxy"]],
    ["workloads of one container", [web, worker], ["web", "worker"]],
    ["workloads of several containers", [web, proxy, worker], ["web/app", "web/proxy", "worker"]],
    [
      "workloads of one name",
      [web, container("CronJob", "Web", "app"), worker],
      ["Deployment/web", "CronJob/Web", "worker"],
    ],
    [
      "workloads of one name and kind",
      [web, container("Deployment", "web", "app", "other")],
      ["shop/Deployment/web", "other/Deployment/web"],
    ],
  ])("are called: %s", (_, containers, names) => {
    expect(named(containers)).toEqual(names);
  });

  it("are called in a part as in the whole", () => {
    expect(named([web], [web.workload, worker.workload])).toEqual(["web"]);
    expect(named([web], [web.workload])).toEqual(["main"]);
  });

  it("are named at once, however many they are", () => {
    // Each compared with each would take minutes, and the test be given up.
    const many = Array.from({ length: 60_000 }, (_, n) =>
      container("Deployment", `web-${n % 30_000}`, `${n}`),
    );
    expect(named(many)).toContain("web-0/30000");
  });

  it("have the last name where none tells them apart", () => {
    expect(
      namesBy(
        ["a", "a"],
        () => "x",
        () => "y",
      ),
    ).toEqual(["y", "y"]);
  });
});

describe("a manifest", () => {
  const images = (manifest: string) => containersIn(manifest, "shop")?.map(({ image }) => image);

  it.each([
    ["nothing", "", []],
    ["what runs nothing", "kind: ConfigMap\ndata: {containers: '[]'}", []],
    [
      "a template without an image",
      "kind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a}]}}}",
      [],
    ],
    [
      "another's resource with a template",
      "kind: Service\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}",
      ["b"],
    ],
    [
      "JSON",
      '{"kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"b"}]}}',
      ["b"],
    ],
    [
      "Windows' line ends",
      "---\r\nkind: Pod\r\nmetadata: {name: a}\r\nspec:\r\n  containers:\r\n    - {name: a, image: b}\r\n",
      ["b"],
    ],
    [
      "a name twice",
      "kind: Pod\nmetadata: {name: a, name: c}\nspec: {containers: [{name: a, image: b}]}",
      ["b"],
    ],
    [
      "a dashboard that shows a manifest",
      "kind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    spec: {containers: [\n",
      [],
    ],
  ])("is read: %s", (_, manifest, found) => {
    expect(images(manifest)).toEqual(found);
  });

  it.each([
    ["no YAML", "containers: [a"],
    [
      "a bomb of aliases",
      `containers: 1\na: &a [${"x,".repeat(20)}]\nb: &b [${"*a,".repeat(20)}]\nc: [${"*b,".repeat(20)}]`,
    ],
    ["a ring", "&a\nx: containers\nitems: [*a]"],
    ["nesting without end", `containers: ${"[".repeat(20_000)}`],
    ["more than can be read in time", `containers: ${"x".repeat(3_000_000)}`],
  ])("is refused: %s", (_, manifest) => {
    expect(images(manifest)).toBeUndefined();
  });
});
