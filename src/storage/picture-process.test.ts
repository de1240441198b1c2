import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { PICTURES } from '../../test/clients/pictures.js';
import { PictureError } from './clean-picture.js';
import { cleanPictureApart } from './picture-process.js';

const JPEG = PICTURES['image/jpeg'] as Buffer;
const isLinux = process.platform === 'linux';

/** Returns the ids of the processes that decode pictures for this one. */
function decoders(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      return (
        Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`).includes('picture-worker')
      );
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

test('a picture comes back clean, and what is none is told', async () => {
  const { content, type } = await cleanPictureApart('tenant_a', JPEG);
  expect(type).toBe('image/jpeg');
  expect((await sharp(content).metadata()).format).toBe('jpeg');
  await expect(cleanPictureApart('tenant_a', Buffer.from('none'))).rejects.toThrow(PictureError);
});

describe.runIf(isLinux)('the decoding process', () => {
  test('is one for all, and has no settings or keys', async () => {
    await Promise.all(['tenant_a', 'tenant_b', 'tenant_c'].map((schema) => cleanPictureApart(schema, JPEG)));
    const [pid, ...others] = decoders();
    expect(others).toEqual([]);
    const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .map((line) => line.split('=')[0]);
    expect(names.filter((name) => name && !name.startsWith('NODE_CHANNEL'))).toEqual([]);
  });

  test('costs its own picture when it dies, and the next one has another', async () => {
    const large = await sharp({ create: { width: 6_000, height: 6_000, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    await cleanPictureApart('tenant_a', JPEG);
    const [pid] = decoders();
    const dying = cleanPictureApart('tenant_a', large);
    const next = cleanPictureApart('tenant_b', JPEG);
    setImmediate(() => process.kill(Number(pid), 'SIGKILL'));
    await expect(dying).rejects.toThrow('The picture is damaged');
    expect((await next).type).toBe('image/jpeg');
    expect(decoders()).not.toEqual([pid]);
  });

  test('takes at most 400 MB for the largest picture', { timeout: 60_000 }, async () => {
    const large = await sharp({ create: { width: 8_000, height: 5_000, channels: 3, background: 'red' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const webp = await sharp({
      create: { width: 4_000, height: 3_000, channels: 4, background: '#12345678' },
    })
      .webp({ effort: 0 })
      .toBuffer();
    for (const picture of [large, webp]) {
      await cleanPictureApart('tenant_a', picture);
      const [pid] = decoders();
      const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
      expect(Number(peak) / 1024).toBeLessThan(400);
    }
  });
});
