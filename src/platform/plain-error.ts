/**
 * What the person who started the program can put right. The message is one line which says what to do; it is
 * shown as it is, without a stack trace.
 */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
}
