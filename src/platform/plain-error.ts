/**
 * An error that the person who started the program can resolve. The message is one line that says what to do; it is
 * shown as it is, without a stack trace.
 */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
}
