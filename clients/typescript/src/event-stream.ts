/** An event of a stream of server-sent events. */
export interface StreamEvent {
  readonly data: string;
  /** The id of the last event so far, which a returning client sends. */
  readonly id: string;
}

/** Thrown when an event is longer than any may be. */
export class EventTooLongError extends Error {}

/** Reads server-sent events from text that comes in parts (WHATWG HTML, section 9.2). */
export class EventParser {
  /** Milliseconds that the server asks to wait before reconnecting; null where it did not. */
  retryMs: number | null = null;
  #line = '';
  #data: string[] = [];
  #length = 0;
  #endedInReturn = false;
  #isFirst = true;

  /**
   * @param id the id of the last event before
   * @param most maximum number of characters of a line, and of an event
   */
  constructor(
    private id: string,
    private readonly most: number,
  ) {}

  /** Takes the next part. @returns the events that it completes @throws EventTooLongError */
  take(part: string): StreamEvent[] {
    let text = part;
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.#endedInReturn && text.startsWith('\n')) text = text.slice(1);
    if (part !== '') this.#endedInReturn = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const events: StreamEvent[] = [];
    for (const [index, piece] of lines.entries()) {
      this.#line += piece;
      if (this.#line.length > this.most)
        throw new EventTooLongError(`A line exceeds ${this.most} characters.`);
      if (index === lines.length - 1) break;
      const event = this.#endLine(this.#line);
      this.#line = '';
      if (event) events.push(event);
    }
    return events;
  }

  #endLine(line: string): StreamEvent | null {
    if (line === '') return this.#endEvent();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') {
      this.#length += value.length + 1;
      if (this.#length > this.most) throw new EventTooLongError(`An event exceeds ${this.most} characters.`);
      this.#data.push(value);
    } else if (field === 'id' && /^[\x21-\x7e]{0,200}$/.test(value)) this.id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  #endEvent(): StreamEvent | null {
    if (this.#data.length === 0) return null;
    const data = this.#data.join('\n');
    this.#data = [];
    this.#length = 0;
    return { data, id: this.id };
  }
}
