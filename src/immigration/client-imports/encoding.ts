import { isUtf8 } from 'node:buffer';
import { TimeSlices } from '../../platform/time-slices.js';

/** Names of encodings for TextDecoder, the likelier guesses first. */
export const ENCODINGS = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'macintosh',
  'windows-1250',
  'windows-1251',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'windows-1257',
  'windows-1258',
  'windows-874',
  'gb18030',
  'big5',
  'shift_jis',
  'euc-kr',
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The character that replaces bytes which are invalid in the file's encoding. */
export const UNREADABLE = '\ufffd';

const MARKS: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
const LOOKED_AT = 4_096;
const SLICE = 16_384;

/**
 * Detects the encoding of a text file: by its byte order mark; UTF-16 by the zero bytes beside Latin letters, which no
 * other encoding has; UTF-8 if all of it is valid, or if it has fewer invalid places than characters beyond ASCII, since
 * text in another encoding hardly ever has even one valid one.
 * @returns the encoding; null when the user must choose it
 */
export async function encodingOf(content: Buffer): Promise<Encoding | null> {
  for (const [encoding, mark] of MARKS)
    if (mark.every((byte, index) => content[index] === byte)) return encoding;
  const zeros = [0, 0];
  const beginning = content.subarray(0, LOOKED_AT);
  for (const [index, byte] of beginning.entries())
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / (beginning.length / 2));
  if (odd > 0.3 && even < 0.05) return 'utf-16le';
  if (even > 0.3 && odd < 0.05) return 'utf-16be';
  return isUtf8(content) || (await isMostlyUtf8(content)) ? 'utf-8' : null;
}

async function isMostlyUtf8(content: Buffer): Promise<boolean> {
  const slices = new TimeSlices();
  let characters = 0;
  let unreadable = 0;
  for (const text of decoded(content, 'utf-8', SLICE)) {
    for (const [character] of text.matchAll(/[^\0-\x7f]/gu)) {
      if (character === UNREADABLE) unreadable++;
      else characters++;
    }
    if (slices.isOver) await slices.next();
  }
  return characters > 0 && unreadable <= characters;
}

/** Decodes a file in slices, without its byte order mark; invalid bytes become UNREADABLE. */
export function* decoded(content: Buffer, encoding: Encoding, sliceBytes: number): Generator<string> {
  const decoder = new TextDecoder(encoding);
  for (let start = 0; start < content.length; start += sliceBytes) {
    yield decoder.decode(content.subarray(start, start + sliceBytes), { stream: true });
  }
  yield decoder.decode();
}
