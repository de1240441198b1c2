/** Thrown when more bytes come than may. */
export class TooLargeError extends Error {}

/**
 * Passes the bytes of a body on, in parts as they come.
 * @param most maximum number of bytes, as they are after decompression
 * @param take called with each part; what it returns is waited for
 * @returns the number of bytes
 * @throws TooLargeError, and the body's own error
 */
export async function eachPart(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  take: (part: Uint8Array, total: number) => void | Promise<void>,
): Promise<number> {
  if (!body) return 0;
  const reader = body.getReader();
  let total = 0;
  let isEnded = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.byteLength;
      if (total > most) throw new TooLargeError(`The answer has more than ${most} bytes.`);
      await take(value, total);
    }
    isEnded = true;
    return total;
  } finally {
    // Otherwise the rest would go on arriving.
    if (!isEnded) void reader.cancel().catch(() => undefined);
  }
}

/** Reads a body as text. @throws TooLargeError */
export async function readText(body: ReadableStream<Uint8Array> | null, most: number): Promise<string> {
  const decoder = new TextDecoder();
  const texts: string[] = [];
  await eachPart(body, most, (part) => void texts.push(decoder.decode(part, { stream: true })));
  texts.push(decoder.decode());
  return texts.join('');
}

/** Drops a body that nobody wants, so that its connection is free. */
export function drop(response: Response): void {
  void response.body?.cancel().catch(() => undefined);
}
