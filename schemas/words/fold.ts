/** The form in which names compare: without case, Unicode-normalized (some letters have a composed form in one case only). */
export const fold = (name: string): string => name.normalize("NFC").toLowerCase().normalize("NFC");
