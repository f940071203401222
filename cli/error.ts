/** A command cannot do what was requested. The message is one line: what is wrong, where, and what to do. */
export class CliError extends Error {}
