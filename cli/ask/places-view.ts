/** Shows where an image or a commit ran, and what is known of it. */
import type { Artifact, CommitAnswer, Place, TagAnswer } from "../../schemas/answer.ts";
import type { Beside } from "./release-view.ts";
import { headLine } from "./release-view.ts";
import { columns, type Line } from "./style.ts";
import { linked, runLink, shortCommit, shortDigest, shortRepository, spanBetween } from "./words-for.ts";

type Frame = Pick<Beside, "times" | "width" | "isPast" | "now">;

function placeRow({ environment, service, what, at, until }: Place, { times, now }: Frame): Line[] {
  const place: Line = [{ text: `${environment}/${service ?? "?"}`, tone: until === null ? "bold" : "dim" }];
  if (until === undefined) return [place, [what], [times.time(at)]];
  const end = until ?? now;
  const words = until === null ? "runs" : "ran";
  return [
    place,
    [words],
    [`${times.time(at)} – ${until === null ? "now" : times.time(until)} (${spanBetween(at, end)})`],
  ];
}

function placeLines(ran: readonly Place[], more: boolean, frame: Frame): Line[] {
  if (ran.length === 0) return [["ran nowhere, as far as is known"]];
  return [
    ...columns(
      ran.map((one) => placeRow(one, frame)),
      "  ",
    ),
    ...(more ? [["  … and further places"]] : []),
  ];
}

export function artifactLines(answer: Artifact, frame: Frame): Line[] {
  const { digest, heldBy, commit, builds, evidence, ran, more, at } = answer;
  const rows: Line[][] = [
    ...heldBy.map(({ repository, tags, availability }, n): Line[] => [
      [n === 0 ? "image" : ""],
      [`${repository}@${shortDigest(digest)}`],
      [[...tags, availability === "available" ? "" : availability].filter((text) => text !== "").join(", ")],
    ]),
    ...(commit === null
      ? []
      : [
          [
            ["commit"],
            [shortCommit(commit.sha)],
            [linked(shortRepository(commit.repository ?? ""), commit.repository), ` by ${commit.evidence}`],
          ],
        ]),
    ...builds
      .slice(0, 3)
      .map(({ url, at: built }): Line[] => [["build"], [frame.times.time(built)], [runLink(url)]]),
    ...evidence.map(({ type, verdict, by, at: when, url }): Line[] => [
      [type],
      [linked(verdict ?? "attached", url)],
      [`${by === undefined ? "" : `${by}, `}${frame.times.time(when)}`],
    ]),
  ];
  return [
    headLine(`image ${shortDigest(digest)}`, at, frame),
    [{ text: `  ${digest}`, tone: "dim" }],
    ...columns(rows, "  "),
    ...placeLines(ran, more, frame),
  ];
}

export function commitLines({ commits, at, more }: CommitAnswer, frame: Frame): Line[] {
  return commits.flatMap((one, n): Line[] => {
    const { sha, repositories, artifacts, changes = [], ran } = one;
    const [repository] = repositories;
    const rows: Line[][] = [
      ...changes.map(({ title, number, url, authors, separation }): Line[] => [
        ["change"],
        [linked(`#${number}`, url), ` ${title}`],
        [`${authors.join(", ")}, ${separation}`],
      ]),
      ...artifacts.map(({ digest, repository: held, evidence }): Line[] => [
        ["image"],
        [`${held === undefined ? "" : `${held}@`}${shortDigest(digest)}`],
        [`by ${evidence}`],
      ]),
    ];
    return [
      ...(n === 0 ? [] : [[]]),
      headLine(`commit ${shortCommit(sha)}`, at, frame),
      [{ text: `  ${sha} ${repository ?? ""}`, tone: "dim" }],
      ...columns(rows, "  "),
      ...placeLines(ran, more, frame),
    ];
  });
}

export function tagLines(
  { repository, tag, status, digest, since, history, at }: TagAnswer,
  frame: Frame,
): Line[] {
  const state = status === "set" && digest !== null ? `points at ${shortDigest(digest)}` : status;
  const rows = history.map(({ at: when, what, digest: pointed }): Line[] => [
    [frame.times.time(when)],
    [what],
    [pointed === null ? "" : shortDigest(pointed)],
  ]);
  return [
    headLine(`${repository}:${tag}`, at, frame),
    [`${state}${since === null ? "" : ` since ${frame.times.time(since)}`}`],
    ...columns(rows, "  "),
  ];
}
