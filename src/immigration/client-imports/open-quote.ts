/**
 * Follows a text like the parser does, to find where an unclosed quote or the last row began. The parser itself reports
 * only the line in which it gave up, which may be the last one of the file.
 */
export class OpenQuote {
  #line = 1;
  #opened: number | null = null;
  #rowLine = 1;
  #rowLength = 0;
  #isCellEmpty = true;
  /** Whether the last character was a quote in a quoted cell, which closes it unless another one follows. */
  #mayBeClosed = false;
  #afterReturn = false;

  /** @param delimiter one character  @param longestRow the length, in characters, at which it stops following */
  constructor(
    private readonly delimiter: string,
    private readonly longestRow: number,
  ) {}

  /** The line of the unclosed quote or, if there is none, of the beginning of the row. The first line is 1. */
  get line(): number {
    return (this.#mayBeClosed ? null : this.#opened) ?? this.#rowLine;
  }

  /** Takes the next piece of the text. @returns whether a row has become too long */
  take(text: string): boolean {
    for (const character of text) {
      this.#takeOne(character);
      if (this.#rowLength > this.longestRow) return true;
    }
    return false;
  }

  #takeOne(character: string): void {
    const isLineEnd = character === '\r' || (character === '\n' && !this.#afterReturn);
    if (isLineEnd) this.#line++;
    this.#afterReturn = character === '\r';
    this.#rowLength++;
    if (this.#opened !== null && !this.#mayBeClosed) {
      this.#mayBeClosed = character === '"';
      return;
    }
    if (this.#mayBeClosed) {
      this.#mayBeClosed = false;
      if (character === '"') return; // a doubled quote is one in the cell
      this.#opened = null; // closed; or it was no quoted cell after all, and goes on without quotes
    }
    if (character === '\n' || character === '\r') {
      this.#rowLine = this.#line;
      this.#rowLength = 0;
      this.#isCellEmpty = true;
    } else if (character === this.delimiter) {
      this.#isCellEmpty = true;
    } else {
      if (character === '"' && this.#isCellEmpty) this.#opened = this.#line;
      this.#isCellEmpty = false;
    }
  }
}
