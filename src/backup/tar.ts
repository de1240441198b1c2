import { PlainError } from '../platform/plain-error.js';

/** Thrown when a backup cannot be read. */
export class UnreadableBackupError extends PlainError {
  override readonly name = 'UnreadableBackupError';
}

const BLOCK = 512;
const LONGEST_NAME = 100;
const LONGEST_PREFIX = 155;
/** The largest size that the header's eleven octal digits can hold. */
const LARGEST = 8 ** 11 - 1;
/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * Returns the header of a file in an archive (POSIX ustar). Its content follows, then `tarPadding` of it.
 * @param modified its time, in seconds since 1970
 * @throws Error for a name or a size that the format cannot hold
 */
export function tarHeader(name: string, size: number, modified: number): Buffer {
  const [prefix, rest] = splitName(name);
  if (size > LARGEST) throw new Error(`${name} has ${size} bytes, more than an archive can hold`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0');
  header.write(rest, 0, 'ascii');
  header.write(octal(0o600, 8), 100, 'ascii');
  header.write(octal(0, 8), 108, 'ascii');
  header.write(octal(0, 8), 116, 'ascii');
  header.write(octal(size, 12), 124, 'ascii');
  header.write(octal(modified, 12), 136, 'ascii');
  header.write(' '.repeat(8), 148, 'ascii');
  header.write('0', 156, 'ascii');
  header.write('ustar\u000000', 257, 'ascii');
  header.write(prefix, 345, 'ascii');
  header.write(`${octal(checksumOf(header), 7)}\0 `, 148, 'ascii');
  return header;
}

/** Returns the bytes that fill the last block of a content of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function splitName(name: string): [string, string] {
  if (name.length <= LONGEST_NAME) return ['', name];
  const slash = name.lastIndexOf('/', LONGEST_PREFIX);
  const parts: [string, string] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (slash < 1 || parts[1].length > LONGEST_NAME) throw new Error(`${name} is too long for an archive`);
  return parts;
}

/** Returns the sum of a header's bytes, its own field counted as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  return sum;
}

/** A file of an archive. Its content must be read, or skipped, before the next one. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Returns the whole content. @throws UnreadableBackupError when it is longer than `most` bytes */
  read(most: number): Promise<Buffer>;
  /** Yields the content piece by piece. */
  pieces(): AsyncGenerator<Buffer>;
}

/**
 * Reads an archive as it comes, without going back.
 * @throws UnreadableBackupError when it is none, is damaged, or ends too early
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const input = new Pieces(source);
  try {
    for (;;) {
      const header = await input.take(BLOCK);
      if (header.every((byte) => byte === 0)) return;
      const entry = parse(header);
      let left = entry.size;
      const pieces = async function* () {
        while (left > 0) {
          const piece = await input.some(left);
          left -= piece.length;
          yield piece;
        }
      };
      const read = async (most: number) => {
        if (entry.size > most)
          throw new UnreadableBackupError(`${entry.name} is larger than any part of a backup`);
        const all: Buffer[] = [];
        for await (const piece of pieces()) all.push(piece);
        return Buffer.concat(all);
      };
      yield { ...entry, pieces, read };
      for await (const _ of pieces());
      await input.take(tarPadding(entry.size).length);
    }
  } finally {
    await input.close();
  }
}

function parse(header: Buffer): { name: string; size: number } {
  const text = (from: number, length: number) => {
    const field = header.toString('latin1', from, from + length);
    const end = field.indexOf('\0');
    return end < 0 ? field : field.slice(0, end);
  };
  const number = (from: number, length: number) => Number.parseInt(text(from, length).trim() || 'x', 8);
  if (text(257, 5) !== 'ustar' || number(148, 8) !== checksumOf(header))
    throw new UnreadableBackupError('it is not a backup of Leopard, or it is damaged');
  const prefix = text(345, LONGEST_PREFIX);
  const size = number(124, 12);
  const name = prefix ? `${prefix}/${text(0, LONGEST_NAME)}` : text(0, LONGEST_NAME);
  if (!Number.isSafeInteger(size)) throw new UnreadableBackupError(`the size of ${name} is damaged`);
  return { name, size };
}

/** Bytes that come in pieces of any size. */
class Pieces {
  readonly #source: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Returns 1 to `most` bytes. */
  async some(most: number): Promise<Buffer> {
    while (this.#piece.length === 0) {
      const { value, done } = await this.#source.next();
      if (done) throw new UnreadableBackupError('the backup is incomplete: it ends too early');
      this.#piece = value;
    }
    const some = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(some.length);
    return some;
  }

  /** Returns exactly this many bytes. */
  async take(count: number): Promise<Buffer> {
    const taken: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      left -= piece.length;
      taken.push(piece);
    }
    return Buffer.concat(taken);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
