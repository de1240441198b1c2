import { isUtf8 } from 'node:buffer';

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const MARKS: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
const LOOKED_AT = 4_096;

/**
 * How a text file is encoded: by its byte order mark; else UTF-16 by the zero bytes beside Latin letters; else UTF-8
 * where it is valid as a whole; else Windows-1252, as which any bytes can be read.
 */
export function guessEncoding(content: Buffer): Encoding {
  for (const [encoding, mark] of MARKS)
    if (mark.every((byte, index) => content[index] === byte)) return encoding;
  const zeros = [0, 0];
  const beginning = content.subarray(0, LOOKED_AT);
  for (const [index, byte] of beginning.entries())
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / (beginning.length / 2));
  if (odd > 0.3 && even < 0.05) return 'utf-16le';
  if (even > 0.3 && odd < 0.05) return 'utf-16be';
  return isUtf8(content) ? 'utf-8' : 'windows-1252';
}

/** The text of a file in slices, without its byte order mark. */
export function* decoded(content: Buffer, encoding: Encoding, sliceBytes: number): Generator<string> {
  const decoder = new TextDecoder(encoding);
  for (let start = 0; start < content.length; start += sliceBytes) {
    yield decoder.decode(content.subarray(start, start + sliceBytes), { stream: true });
  }
  yield decoder.decode();
}
