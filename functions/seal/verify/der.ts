/** DER, as far as time-stamps use it (X.690): definite, shortest lengths and tags of one byte. */

export interface Der {
  /** With class and the bit for constructed ones. */
  readonly tag: number;
  readonly value: Buffer;
  /** Tag and length included. */
  readonly raw: Buffer;
}

export const TAG = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  boolean: 0x01,
  generalizedTime: 0x18,
} as const;

/** The tag of a constructed element of the context's own number. */
export const context = (number: number): number => 0xa0 + number;

/** The elements that some bytes consist of. Throws a RangeError if they are no DER. */
export function elements(bytes: Buffer): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    if ((tag & 0x1f) === 0x1f) throw new RangeError("a tag of more than one byte");
    const { length, start } = lengthAt(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new RangeError("an element ends after its bytes");
    found.push({ tag, value: bytes.subarray(start, end), raw: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly start: number } {
  const first = bytes.readUInt8(at);
  if (first < 0x80) return { length: first, start: at + 1 };
  const count = first - 0x80;
  if (count < 1 || count > 4) throw new RangeError("a length of no or too many bytes");
  const length = bytes.readUIntBE(at + 1, count);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new RangeError("a length that could be shorter");
  return { length, start: at + 1 + count };
}

/** The elements in an element of this tag. Throws a RangeError if it has another one. */
export function within(element: Der | undefined, tag: number): Der[] {
  if (element?.tag !== tag) throw new RangeError(`an element of tag ${tag} is missing`);
  return elements(element.value);
}

/** The value of an element of this tag. Throws a RangeError if it has another one. */
export function bytesOf(element: Der | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new RangeError(`an element of tag ${tag} is missing`);
  return element.value;
}

/** An object identifier in its dotted form. */
export function oidOf(element: Der | undefined): string {
  const [first = 0, ...rest] = bytesOf(element, TAG.oid);
  const parts: number[] = [
    Math.min(2, Math.floor(first / 40)),
    first - 40 * Math.min(2, Math.floor(first / 40)),
  ];
  let part = 0;
  for (const byte of rest) {
    part = part * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    }
  }
  return parts.join(".");
}
