/** The pages of a list that the API answers. */

interface Page {
  readonly next: string | null;
}

/** Asks for the next page. */
type AskPage<T> = (more: { readonly cursor?: string }) => Promise<T>;

/** The pages, read as the caller takes them. @param before a page that was read already: those after it */
export async function* answerPages<T extends Page>(ask: AskPage<T>, before?: T): AsyncGenerator<T> {
  let last = before;
  while (last === undefined || last.next !== null) {
    last = await ask(last === undefined || last.next === null ? {} : { cursor: last.next });
    yield last;
  }
}

/** All pages, in order. @param most how many pages are read at the most */
export async function allPages<T extends Page>(
  ask: AskPage<T>,
  most = Number.POSITIVE_INFINITY,
): Promise<[T, ...T[]]> {
  const first = await ask({});
  const pages: [T, ...T[]] = [first];
  if (most > 1) for await (const page of answerPages(ask, first)) if (pages.push(page) >= most) break;
  return pages;
}
