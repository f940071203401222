/** For sorting by a text, in the order of its UTF-16 units: `items.sort(by(({ name }) => name))`. */
export const by =
  <T>(key: (item: T) => string) =>
  (a: T, b: T): number => {
    const [one, other] = [key(a), key(b)];
    return one < other ? -1 : one > other ? 1 : 0;
  };

/** Compares two texts in that order. */
export const byText = by((text: string) => text);

/** The same for the entries of a map: by their keys. */
export const byKey = by(([key]: readonly [string, unknown]) => key);
