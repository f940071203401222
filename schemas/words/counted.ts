/** `2 changes`, `1 change`. */
export const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;
