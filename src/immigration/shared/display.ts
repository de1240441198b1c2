/** The label of a code: its words in title case, where the contract gives no other. */
export function display(code: string, labels: Readonly<Record<string, string>> = {}): string {
  return (
    labels[code] ??
    code.toLowerCase().replace(/(^|_)([a-z])/g, (_, gap, letter) => (gap && ' ') + letter.toUpperCase())
  );
}
