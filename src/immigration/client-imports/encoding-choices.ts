import { TimeSlices } from '../../platform/time-slices.js';
import { ENCODINGS, type Encoding, UNREADABLE } from './encoding.js';

/** An encoding that a file may have, with sample texts of the file decoded by it. */
export interface PossibleEncoding {
  readonly encoding: Encoding;
  readonly samples: readonly string[];
}

/** Maximum numbers of places that an encoding is tried on, and of places that are shown. */
const PLACES = 200;
const SHOWN = 5;
/** Maximum number of bytes around such a place, on each side. */
const AROUND = 40;
const PARTING = new Set([...',;|\t\r\n"'].map((character) => character.charCodeAt(0)));
// UTF-16 is detected by its zero bytes or its mark.
const CHOICES = ENCODINGS.filter((encoding) => !encoding.startsWith('utf-16'));
/** Control characters, to which an encoding maps bytes without a character of their own. */
const CONTROL = /\p{Cc}/u;

/**
 * Returns the encodings that can decode all of a file's texts beyond ASCII, the likeliest first, with some of these
 * texts; and UTF-8, which cannot, to show the user why the question arises.
 */
export async function encodingChoices(content: Buffer): Promise<PossibleEncoding[]> {
  const places = await placesBeyondAscii(content);
  const choices = CHOICES.map((encoding) => ({ encoding, texts: textsOf(places, encoding) }));
  return choices
    .filter(
      ({ encoding, texts }) =>
        encoding === 'utf-8' || !texts.some((text) => text.includes(UNREADABLE) || CONTROL.test(text)),
    )
    .sort((one, other) => Number(one.encoding === 'utf-8') - Number(other.encoding === 'utf-8'))
    .map(({ encoding, texts }) => ({ encoding, samples: texts.slice(0, SHOWN) }));
}

function textsOf(places: readonly Buffer[], encoding: Encoding): string[] {
  const decoder = new TextDecoder(encoding);
  return places.map((bytes) => decoder.decode(bytes).trim());
}

/** Finds cells with bytes beyond ASCII, each once. */
async function placesBeyondAscii(content: Buffer): Promise<Buffer[]> {
  const slices = new TimeSlices();
  const places = new Map<string, Buffer>();
  let looked = 0;
  for (let at = 0; at < content.length && places.size < PLACES; at++) {
    if (at % 65_536 === 0 && slices.isOver) await slices.next();
    if ((content[at] as number) < 0x80) continue;
    let from = at;
    let to = at + 1;
    while (from > 0 && at - from < AROUND && !PARTING.has(content[from - 1] as number)) from--;
    while (to < content.length && to - at < AROUND && !PARTING.has(content[to] as number)) to++;
    // A long text is cut between ASCII characters, so that no multi-byte character is split.
    while (from < at && (content[from] as number) >= 0x80 && at - from >= AROUND) from++;
    const bytes = content.subarray(from, to);
    places.set(bytes.toString('latin1'), bytes);
    at = to;
    if (++looked % 1_000 === 0 && slices.isOver) await slices.next();
  }
  return [...places.values()];
}
