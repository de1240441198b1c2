import type { Progress } from './types.js';

const PART_BYTES = 65_536;

/** Returns the part of fetch's options for a body whose bytes are counted as the connection takes them. */
export function counted(content: string | Blob, onProgress: (progress: Progress) => void): RequestInit {
  const blob = typeof content === 'string' ? new Blob([content]) : content;
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = new Uint8Array(await blob.slice(bytes, bytes + PART_BYTES).arrayBuffer());
        bytes += part.byteLength;
        if (part.byteLength > 0) controller.enqueue(part);
        if (bytes >= blob.size) controller.close();
        onProgress({ bytes, total: blob.size });
      },
    },
    { highWaterMark: 0 },
  );
  return { body, duplex: 'half' } as RequestInit;
}
