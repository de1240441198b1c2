/** Tells when the body of an answer is complete. */
export interface AnswerBody {
  /** Takes the next bytes. @returns whether it is complete @throws Error when there is more than there should be */
  take(bytes: Buffer): boolean;
  /** Whether the end of the connection is its end. */
  readonly endsWithConnection: boolean;
}

/** Returns the body that follows this head of an answer. */
export function bodyAfter(head: string): AnswerBody {
  if (/^HTTP\/1\.\d (204|304) /.test(head)) return new KnownLength(0);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length !== undefined) return new KnownLength(Number(length));
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return new Chunks();
  return { take: () => false, endsWithConnection: true };
}

const TOO_LONG = 'an answer is longer than it says';

class KnownLength implements AnswerBody {
  readonly endsWithConnection = false;
  #missing: number;

  constructor(length: number) {
    this.#missing = length;
  }

  take(bytes: Buffer): boolean {
    this.#missing -= bytes.length;
    if (this.#missing < 0) throw new Error(TOO_LONG);
    return this.#missing === 0;
  }
}

const LINE_END = '\r\n';
const LONGEST_LINE = 64;

/** A body in chunks, the last of which is empty; trailers are not expected. */
class Chunks implements AnswerBody {
  readonly endsWithConnection = false;
  /** The beginning of a line that is not complete. */
  #line = '';
  /** Bytes missing in the chunk, with the end of its line. */
  #missing = 0;
  #isLast = false;

  take(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      const part = Math.min(this.#missing, bytes.length - at);
      this.#missing -= part;
      at += part;
      if (this.#missing > 0) return false;
      if (this.#isLast) {
        if (at < bytes.length) throw new Error(TOO_LONG);
        return true;
      }
      at = this.#readSize(bytes, at);
    }
    return false;
  }

  /** Reads the line with the size of the next chunk. @returns where it ends, or where the bytes end */
  #readSize(bytes: Buffer, at: number): number {
    const begun = this.#line.length;
    this.#line += bytes.toString('latin1', at, Math.min(bytes.length, at + LONGEST_LINE));
    const end = this.#line.indexOf(LINE_END);
    if (end < 0 && this.#line.length < LONGEST_LINE) return bytes.length;
    const size = Number.parseInt(this.#line, 16);
    if (end < 0 || !(size >= 0)) throw new Error('an answer has a chunk without size');
    this.#line = '';
    this.#isLast = size === 0;
    this.#missing = size + LINE_END.length;
    return at + end - begun + LINE_END.length;
  }
}
