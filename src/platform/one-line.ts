/** Control and format characters, which break lines or reverse the order in which a terminal shows text; lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Returns a text from outside as one that is safe to store and to show in a line of a log: without control characters,
 * which become `?`, and cut.
 * @param longest the maximum number of UTF-16 code units
 */
export function oneLine(text: string, longest: number): string {
  return text.slice(0, longest).replaceAll(UNSEEN, '?');
}
