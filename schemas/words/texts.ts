/** How texts compare, and how they are shown. */

/** A text for a terminal or a log: control, invisible and direction characters as `\\u` escapes, but for line breaks and tabs. */
export const printable = (value: string): string =>
  value.replaceAll(/[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu, (one) =>
    one === "\n" || one === "\t"
      ? one
      : [...Array(one.length).keys()]
          .map((n) => `\\u${one.charCodeAt(n).toString(16).padStart(4, "0")}`)
          .join(""),
  );

/** What stands after the last slash of a name or an ARN; all of it where there is none. */
export const lastPart = (text: string): string => text.slice(text.lastIndexOf("/") + 1);

/** The form in which names compare: without case, Unicode-normalized (some letters have a composed form in one case only). */
export const fold = (name: string): string =>
  ASCII.test(name) ? name.toLowerCase() : name.normalize("NFC").toLowerCase().normalize("NFC");
const ASCII = /^[\x20-\x7e]*$/;
