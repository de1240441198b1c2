import { ENCODINGS, type Encoding, UNREADABLE } from './encoding.js';

/** An encoding in which a file may be written, with texts of the file as it would read them. */
export interface EncodingChoice {
  readonly encoding: Encoding;
  readonly samples: readonly string[];
}

/** Maximum numbers of places that an encoding is tried on, and of places that are shown. */
const PLACES = 200;
const SHOWN = 5;
/** Maximum number of bytes around such a place, on each side. */
const AROUND = 40;
const PARTING = new Set([...',;|\t\r\n"'].map((character) => character.charCodeAt(0)));
// UTF-16 would show by its zero bytes, or by its mark.
const CHOICES = ENCODINGS.filter((encoding) => !encoding.startsWith('utf-16'));
/** Control characters, as which an encoding reads bytes that it has no character for. */
const CONTROL = /\p{Cc}/u;

/**
 * The encodings that can read all of a file's texts beyond ASCII, the likeliest first, with some of these texts; and
 * UTF-8, which cannot, so that it shows why it is asked.
 */
export function encodingChoices(content: Buffer): EncodingChoice[] {
  const places = placesBeyondAscii(content);
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

/** Cells with bytes beyond ASCII, each once. */
function placesBeyondAscii(content: Buffer): Buffer[] {
  const places = new Map<string, Buffer>();
  for (let at = 0; at < content.length && places.size < PLACES; at++) {
    if ((content[at] as number) < 0x80) continue;
    let from = at;
    let to = at + 1;
    while (from > 0 && at - from < AROUND && !PARTING.has(content[from - 1] as number)) from--;
    while (to < content.length && to - at < AROUND && !PARTING.has(content[to] as number)) to++;
    // Cut where it is long between ASCII characters, or else a character of several bytes would be halved.
    while (from < at && (content[from] as number) >= 0x80 && at - from >= AROUND) from++;
    const bytes = content.subarray(from, to);
    places.set(bytes.toString('latin1'), bytes);
    at = to;
  }
  return [...places.values()];
}
