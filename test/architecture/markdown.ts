const WIDTH = 120;
/** Beginnings of lines that stay as they are: tables, headings, HTML, quotations, and empty ones. */
const KEPT = /^\s*($|\||#|<|>)/;
const ITEM = /^\s*([-*]|\d+\.) +/;

/** Returns a Markdown page with its paragraphs and list items wrapped; code, tables and headings stay as they are. */
export function wrapped(page: string): string {
  const lines: string[] = [];
  let paragraph: string[] = [];
  let isCode = false;
  const endParagraph = () => {
    lines.push(...wrapParagraph(paragraph));
    paragraph = [];
  };
  for (const line of page.split('\n')) {
    const isFence = line.trimStart().startsWith('```');
    if (isFence || isCode || KEPT.test(line)) {
      endParagraph();
      lines.push(line);
      if (isFence) isCode = !isCode;
    } else {
      if (ITEM.test(line)) endParagraph();
      paragraph.push(line);
    }
  }
  endParagraph();
  return lines.join('\n');
}

function wrapParagraph(lines: readonly string[]): string[] {
  const [first] = lines;
  if (first === undefined) return [];
  const start = ITEM.exec(first)?.[0] ?? /^\s*/.exec(first)![0];
  // A number or a dash at the beginning of a line would make it a list item, so it stays with the word before it.
  const text = [first.slice(start.length), ...lines.slice(1)].map((line) => line.trim()).join(' ');
  const words = text.split(/ +(?!(?:[-*+]|\d+\.)(?: |$))/);
  const wrapped: string[] = [];
  let line = start + words[0];
  for (const word of words.slice(1)) {
    if (line.length + 1 + word.length <= WIDTH) line += ` ${word}`;
    else {
      wrapped.push(line);
      line = ' '.repeat(start.length) + word;
    }
  }
  return [...wrapped, line];
}
