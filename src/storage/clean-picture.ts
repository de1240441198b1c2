import type { Metadata, Sharp, SharpOptions } from 'sharp';

/**
 * The formats of pictures, each with its media type, its extension, libvips' loader for it, and the maximum number of
 * pixels, of all frames together: a small file can unfold into far more, and GIF and WebP take several times as much memory
 * for each pixel as the others.
 */
const FORMATS = {
  jpeg: {
    type: 'image/jpeg',
    extension: 'jpg',
    loader: 'VipsForeignLoadJpegBuffer',
    mostPixels: 40_000_000,
  },
  png: { type: 'image/png', extension: 'png', loader: 'VipsForeignLoadPngBuffer', mostPixels: 40_000_000 },
  gif: { type: 'image/gif', extension: 'gif', loader: 'VipsForeignLoadNsgifBuffer', mostPixels: 12_000_000 },
  webp: {
    type: 'image/webp',
    extension: 'webp',
    loader: 'VipsForeignLoadWebpBuffer',
    mostPixels: 12_000_000,
  },
} as const;
type Format = keyof typeof FORMATS;

/** The media types of pictures. */
export const PICTURE_TYPES = Object.values(FORMATS).map(({ type }) => type);
type PictureType = (typeof PICTURE_TYPES)[number];

/** A picture as it is stored: decoded and encoded again, so that it holds pixels and nothing else. */
export interface CleanPicture {
  readonly content: Buffer;
  readonly type: PictureType;
  readonly extension: string;
}

/** Thrown for a file that is no acceptable picture. The message is one sentence for its sender. */
export class PictureError extends Error {}

const LONGEST_SIDE = 16_384;
const MOST_FRAMES = 500;
/** Maximum time for decoding and encoding, in seconds. */
const LONGEST_WORK = 10;
const QUALITY = 88;

/**
 * Returns a picture without its metadata (EXIF with place and time, comments, thumbnails), in the same format. It is
 * turned as its EXIF says, and animations stay. What is not decodable to the end is refused, and what would be too large
 * is before it is decoded. Takes up to 400 MB and seconds of a processor, outside of the event loop.
 * @throws PictureError
 */
export async function cleanPicture(content: Buffer): Promise<CleanPicture> {
  const open = await opener();
  const metadata = await open(content, { limitInputPixels: false, failOn: 'error', animated: true })
    .metadata()
    .catch((error: Error) => fail(error));
  const name = metadata.format as Format;
  const format = FORMATS[name];
  if (!format) throw noPicture();
  checkSize(metadata, format.mostPixels);
  const whole = { limitInputPixels: format.mostPixels, failOn: 'error', animated: true } as const;
  const isAnimated = (metadata.pages ?? 1) > 1; // which cannot be turned
  const picture = isAnimated ? open(content, whole) : open(content, whole).autoOrient();
  const cleaned = await encoded(picture, name)
    .timeout({ seconds: LONGEST_WORK })
    .toBuffer()
    .catch((error: Error) => fail(error, format.mostPixels));
  return { content: cleaned, type: format.type, extension: format.extension };
}

/** Returns whether a picture has metadata that `cleanPicture` would remove. @throws PictureError */
export async function hasMetadata(content: Buffer): Promise<boolean> {
  const open = await opener();
  const found = await open(content, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch((error: Error) => fail(error));
  const { exif, xmp, iptc, comments = [], tifftagPhotoshop, orientation = 1 } = found;
  return Boolean(exif ?? xmp ?? iptc ?? tifftagPhotoshop) || comments.length > 0 || orientation > 1;
}

/** @throws PictureError */
function checkSize({ width, height, pageHeight = height, pages = 1 }: Metadata, mostPixels: number): void {
  if (Math.max(width, pageHeight) > LONGEST_SIDE || width * pageHeight * pages > mostPixels)
    throw tooLarge(mostPixels);
  if (pages > MOST_FRAMES) throw new PictureError(`The picture has more than ${MOST_FRAMES} frames.`);
}

function encoded(picture: Sharp, format: Format): Sharp {
  // Optimised tables save some percent of the file, and need the whole picture in memory.
  if (format === 'jpeg') return picture.jpeg({ quality: QUALITY, optimiseCoding: false });
  if (format === 'png') return picture.png();
  if (format === 'gif') return picture.gif({ effort: 1 });
  return picture.webp({ quality: QUALITY, effort: 2 });
}

let loading: Promise<(content: Buffer, options: SharpOptions) => Sharp> | undefined;

/** Loads the library at its first use, since it takes much memory, with the loaders of FORMATS alone. */
function opener(): Promise<(content: Buffer, options: SharpOptions) => Sharp> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: Object.values(FORMATS).map(({ loader }) => loader) });
    return (content, options) => sharp(content, options);
  });
  return loading;
}

function fail(error: Error, mostPixels = 0): never {
  if (mostPixels > 0 && /pixel limit/i.test(error.message)) throw tooLarge(mostPixels);
  if (/timeout/i.test(error.message)) {
    throw new PictureError('The picture takes too long to read: send a smaller one.');
  }
  if (/unsupported image format/i.test(error.message)) throw noPicture();
  throw new PictureError('The picture is damaged: it cannot be read to its end.');
}

function noPicture(): PictureError {
  return new PictureError('The file must be a JPEG, PNG, GIF or WebP picture.');
}

function tooLarge(mostPixels: number): PictureError {
  const most = mostPixels / 1_000_000;
  return new PictureError(
    `The picture is too large: ${most} million pixels in all, and ${LONGEST_SIDE} on a side, are the most.`,
  );
}
