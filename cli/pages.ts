/** All pages of an answer, in order. @param most how many pages are read at the most */
export async function allPages<T extends { readonly next: string | null }>(
  ask: (more: { readonly cursor?: string }) => Promise<T>,
  most = Number.POSITIVE_INFINITY,
): Promise<[T, ...T[]]> {
  let page = await ask({});
  const pages: [T, ...T[]] = [page];
  while (page.next !== null && pages.length < most) {
    page = await ask({ cursor: page.next });
    pages.push(page);
  }
  return pages;
}
