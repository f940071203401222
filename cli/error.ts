/** A command cannot do what was asked. The message is one line: what is wrong, where, and what to do about it. */
export class CliError extends Error {}
