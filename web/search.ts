/** Which names a typed text means, best first. */
import uFuzzy from "@leeoniya/ufuzzy";

const fuzzy = new uFuzzy({ intraMode: 1 });

export function ranked(names: readonly string[], typed: string): string[] {
  const needle = typed.trim();
  if (needle === "") return [...names];
  const exact = names.filter((name) => name.toLowerCase().includes(needle.toLowerCase()));
  const [found, , orders] = fuzzy.search([...names], needle, 1);
  const order = orders ?? found ?? [];
  const indexes = orders === null || orders === undefined ? order : order.map((n) => found?.[n] ?? n);
  const others = (found ?? []).length === 0 ? [] : indexes.map((n) => names[n] ?? "");
  return [...new Set([...exact, ...others])].filter((name) => name !== "");
}
