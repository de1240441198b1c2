/**
 * Returns a file's text with the lines that a difference adds to it. Differences only add lines. Where their
 * surroundings have changed since the page was written, the line before the added ones, or the one after them,
 * suffices if it is the only one of its kind.
 * @returns null where the place cannot be found for certain
 */
export function withInsertion(text: string, difference: string): string | null {
  const lines = difference.trimEnd().split('\n');
  const added = lines.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
  const first = lines.findIndex((line) => line.startsWith('+'));
  const before = lines.slice(0, first).map((line) => line.slice(1));
  const after = lines.slice(first + added.length).map((line) => line.slice(1));
  const insert = (above: readonly string[], below: readonly string[]) => {
    const parts = `\n${text}`.split(`\n${[...above, ...below, ''].join('\n')}`);
    if (parts.length !== 2) return null;
    return parts.join(`\n${[...above, ...added, ...below, ''].join('\n')}`).slice(1);
  };
  return (
    insert(before, after) ??
    (before.length > 0 ? insert(before.slice(-1), []) : null) ??
    (after.length > 0 ? insert([], after.slice(0, 1)) : null)
  );
}
