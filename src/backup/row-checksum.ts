import { hash } from 'node:crypto';

const WORDS = 8;

/**
 * Counts rows and adds up their SHA-256, word by word modulo 2^32: the sum is that of the set of rows, in whatever order
 * a table returns them.
 */
export class RowChecksum {
  readonly #sum = new Uint32Array(WORDS);
  #rows = 0;

  /** Adds a row, with its line feed. */
  add(row: Buffer): void {
    const digest = hash('sha256', row, 'buffer');
    for (let word = 0; word < WORDS; word++) {
      this.#sum[word] = this.#sum[word]! + digest.readUInt32BE(word * 4);
    }
    this.#rows++;
  }

  /** Adds each of these rows of COPY's text format. */
  addAll(rows: Buffer): void {
    for (let start = 0; start < rows.length; ) {
      const end = rows.indexOf(10, start);
      const next = end < 0 ? rows.length : end + 1;
      this.add(rows.subarray(start, next));
      start = next;
    }
  }

  get rows(): number {
    return this.#rows;
  }

  /** The sum, in hexadecimal. */
  get checksum(): string {
    return [...this.#sum].map((word) => word.toString(16).padStart(8, '0')).join('');
  }
}
