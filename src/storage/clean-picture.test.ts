import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { PICTURES, png } from '../../test/clients/pictures.js';
import { longestTurn } from '../../test/helpers/longest-turn.js';
import { cpuOf, leastOf } from '../../test/helpers/processor-time.js';
import { cleanPicture, PictureError } from './clean-picture.js';

const tooLarge = (millions: number) =>
  `The picture is too large: ${millions} million pixels in all, and 16384 on a side, are the most.`;

const blank = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: 'red' }, limitInputPixels: false });

/** Returns an animation of frames that differ. */
async function animation(format: 'gif' | 'webp', frames: number, side: number): Promise<Buffer> {
  const each = side * side * 3;
  const bytes = Buffer.alloc(frames * each);
  for (let frame = 0; frame < frames; frame++)
    bytes.fill((frame * 100) % 256, frame * each, (frame + 1) * each);
  const raw = { width: side, height: side * frames, channels: 3 as const, pageHeight: side };
  return await sharp(bytes, { raw, limitInputPixels: false }).toFormat(format).toBuffer();
}

describe('a photo', () => {
  /** Returns a photo, red on the left and blue on the right, that the camera took lying on its side. */
  const photo = (format: 'jpeg' | 'png' | 'webp') =>
    sharp({ create: { width: 32, height: 16, channels: 3, background: 'red' } })
      .composite([
        { input: { create: { width: 16, height: 16, channels: 3, background: 'blue' } }, left: 16, top: 0 },
      ])
      .keepXmp()
      .withExif({ IFD0: { Copyright: 'the secret owner' }, IFD3: { GPSLatitude: '27/1 42/1 0/1' } })
      .withMetadata({ orientation: 6 })
      .toFormat(format)
      .toBuffer();

  test.each(['jpeg', 'png', 'webp'] as const)(
    'in %s loses its metadata, and is turned as these said',
    async (format) => {
      const given = await photo(format);
      expect(given.includes('the secret owner')).toBe(true);
      const { content, type } = await cleanPicture(given);
      expect(type).toBe(`image/${format}`);
      expect(content.includes('the secret owner')).toBe(false);
      const { width, height, orientation, exif, icc, xmp, iptc } = await sharp(content).metadata();
      expect({ width, height, orientation, exif, icc, xmp, iptc }).toEqual({ width: 16, height: 32 });
      const { data, info } = await sharp(content).raw().toBuffer({ resolveWithObject: true });
      const at = (y: number) => [...data.subarray(y * info.width * info.channels).subarray(0, 3)];
      expect(at(4)[0]).toBeGreaterThan(200); // red above
      expect(at(28)[2]).toBeGreaterThan(200); // blue below
    },
  );

  test('of 24 million pixels is read outside of the event loop', { timeout: 30_000 }, async () => {
    const large = await blank(6_000, 4_000).jpeg().toBuffer();
    const held = async () => {
      const { longest, result } = await longestTurn(() => cleanPicture(large));
      expect(await sharp(result.content).metadata()).toMatchObject({ width: 6_000, height: 4_000 });
      return longest;
    };
    expect(await leastOf(held, 50)).toBeLessThan(50);
  });
});

describe('an animation', () => {
  test.each(['gif', 'webp'] as const)('in %s keeps its frames', async (format) => {
    const { content, type } = await cleanPicture(await animation(format, 5, 8));
    expect(type).toBe(`image/${format}`);
    expect(await sharp(content, { animated: true }).metadata()).toMatchObject({
      pages: 5,
      pageHeight: 8,
      width: 8,
    });
  });

  test('of too many pixels or frames is refused', { timeout: 30_000 }, async () => {
    const many = await animation('webp', 501, 4);
    await expect(cleanPicture(many)).rejects.toThrow('The picture has more than 500 frames.');
    const large = await animation('webp', 2, 8); // whose header says that each frame has 36 million
    for (const at of [24, 27]) large.writeUIntLE(5_999, at, 3);
    await expect(cleanPicture(large)).rejects.toThrow(tooLarge(12));
  });
});

describe('a file that unfolds into far more', () => {
  const jpeg = (width: number, height: number) => {
    const bytes = Buffer.from(PICTURES['image/jpeg'] as Buffer);
    const frame = bytes.indexOf(Buffer.from('ffc0', 'hex'));
    bytes.writeUInt16BE(height, frame + 5);
    bytes.writeUInt16BE(width, frame + 7);
    return bytes;
  };
  const gif = (width: number, height: number) => {
    const bytes = Buffer.from(PICTURES['image/gif'] as Buffer);
    for (const at of [6, bytes.indexOf(',') + 5]) {
      bytes.writeUInt16LE(width, at);
      bytes.writeUInt16LE(height, at + 2);
    }
    return bytes;
  };
  test.each([
    ['a PNG', png(0, { width: 30_000, height: 30_000 }), 40],
    ['a PNG of one line', png(0, { width: 60_000 }), 40],
    ['a JPEG', jpeg(60_000, 60_000), 40],
    ['a GIF', gif(4_000, 4_000), 12],
  ])('%s of too many pixels is refused before it is decoded', async (_what, bomb, millions) => {
    const refused = () => expect(cleanPicture(bomb)).rejects.toThrow(tooLarge(millions));
    expect(await leastOf(() => cpuOf(refused), 100)).toBeLessThan(100);
  });
});

test.each([
  ['text', Buffer.from('no picture')],
  [
    'SVG',
    Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    ),
  ],
  ['the beginning of a TIFF', Buffer.from('49492a0008000000', 'hex')],
  ['the beginning of an AVIF', Buffer.from('0000001c66747970617669660000000061766966', 'hex')],
])('%s is no picture', async (_what, content) => {
  await expect(cleanPicture(content)).rejects.toThrow(PictureError);
  await expect(cleanPicture(content)).rejects.toThrow('must be a JPEG, PNG, GIF or WebP picture');
});
