import { connect } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { PICTURE } from '../helpers/routes.js';
import { Harness, parameters } from './harness.js';
import { anyText } from './json.js';

const harness = await Harness.start();
afterAll(() => harness.close());
/** Returns a test all of whose requests must be refused. */
const refused = (work: () => Promise<void>) => () => harness.refused(work);

const operations = harness.operations(({ body, upload }) => body || upload);
const uploads = harness.operations(({ upload }) => upload);

const TYPE = 'multipart/form-data; boundary=x';
const form = (type: string) => ({ 'content-type': type });

interface Part {
  readonly headers: string;
  readonly content: Buffer;
}

function assemble(parts: readonly Part[], boundary = 'x', end = `--${boundary}--\r\n`): Buffer {
  const pieces = parts.flatMap(({ headers, content }) => [
    Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`),
    content,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

const field = (name: string, content: string | Buffer): Part => ({
  headers: `Content-Disposition: form-data; name="${name}"`,
  content: Buffer.from(content as string),
});
const file = (name: string, content: Buffer, filename = 'a.png', more = ''): Part => ({
  headers: `Content-Disposition: form-data; name="${name}"; filename="${filename}"${more}`,
  content,
});

// biome-ignore format: a list
const PARAMETERS = [
  '', '; charset', '; charset=', '; charset=x-unknown', '; charset="utf-8', '; charset=utf-16le', "; filename*=utf-8''%ff",
  "; filename*=x-unknown''a", '; filename*=', "; name*=utf-8''%00", '; name', '; name=', '; name="', '; ;;', '; =', '; __proto__=a',
];
// biome-ignore format: a list
const TYPES = [
  'Content-Type: text/plain', 'Content-Type: application/octet-stream', 'Content-Type:', 'Content-Type: ;', 'Content-Type: text/plain; charset',
  'Content-Type: text/plain; charset=', 'Content-Type: text/plain;charset=x-unknown', 'Content-Type: ; charset=utf-8', 'Content-Type: multipart/mixed; boundary=y',
  'Content-Transfer-Encoding: base64', 'Content-Transfer-Encoding: quoted-printable', 'Content-Transfer-Encoding: x', ': x', 'X', 'X:\0', `X-Long: ${'a'.repeat(5_000)}`,
];

const MANY_PARTS = [field('a', 'b'), file('a', Buffer.from('b'))].map((part) =>
  assemble(Array.from({ length: 10_000 }, () => part)),
);
const LARGE = assemble(Array.from({ length: 8 }, (_, n) => field(`a${n}`, Buffer.alloc(2_000_000, 'b'))));

/** Returns forms that are malformed in one way or another. */
function forms(names: readonly string[]): Arbitrary<{ body: Buffer; type: string }> {
  const name = fc.constantFrom(...names, 'file', '__proto__', 'constructor', '', 'a\0', 'ü', 'x'.repeat(200));
  const content = fc.oneof(
    fc.constantFrom(
      PICTURE,
      Buffer.alloc(0),
      Buffer.from('--x'),
      Buffer.from('\r\n--x\r\n'),
      Buffer.alloc(70_000, 'a'),
    ),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    anyText.map((text) => Buffer.from(text)),
  );
  const part = fc
    .tuple(name, content, fc.boolean(), fc.constantFrom(...PARAMETERS), fc.subarray(TYPES, { maxLength: 2 }))
    .map(([key, bytes, isFile, more, types]): Part => {
      const { headers } = isFile ? file(key, bytes, '../a.png', more) : field(key, bytes);
      return { headers: [isFile ? headers : headers + more, ...types].join('\r\n'), content: bytes };
    });
  const type = fc.oneof(
    { weight: 6, arbitrary: fc.constant(TYPE) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary="',
        'multipart/form-data; boundary=y',
        'multipart/form-data; boundary="x"; charset=x',
        'MULTIPART/FORM-DATA; BOUNDARY=x',
        'multipart/form-data; boundary=x; boundary=y',
        `multipart/form-data; boundary=${'x'.repeat(300)}`,
        'multipart/form-data;;;',
        'multipart/form-data; boundary=.*',
        "multipart/form-data; boundary*=utf-8''x",
      ),
    },
  );
  const end = fc.constantFrom(
    '--x--\r\n',
    '--x--',
    '',
    '--x',
    '--x\r\n',
    '\r\n',
    '--y--',
    '--x--\r\nepilogue',
    '--x--\r\n--x\r\n',
  );
  const cut = fc.option(fc.integer({ min: 0, max: 400 }), { freq: 3 });
  return fc.tuple(fc.array(part, { maxLength: 4 }), type, end, cut).map(([parts, header, last, at]) => {
    const whole = assemble(parts, 'x', last);
    return { body: at === null ? whole : whole.subarray(0, at), type: header };
  });
}

describe.each(operations)('%s', (_name, definition) => {
  const names = Object.keys(definition.body?.shape ?? {});

  test('any form does no harm', async () => {
    await fc.assert(
      fc.asyncProperty(forms(names), async ({ body, type }) => {
        await harness.send(definition, { body, headers: form(type) });
      }),
      parameters(operations.length),
    );
    await harness.expectHealthy();
  });

  test(
    'a form that is cut short is refused, wherever it is cut',
    refused(async () => {
      const whole = assemble([field(names[0] ?? 'a', 'text'), file('file', PICTURE)]);
      for (let end = 1; end < whole.length - 4; end += 17) {
        const answer = await harness.send(definition, { body: whole.subarray(0, end), headers: form(TYPE) });
        expect([end, answer.status]).toEqual([end, 400]);
      }
      await harness.expectHealthy();
    }),
  );

  test(
    'a form without a boundary, or with one that is not its own, is refused',
    refused(async () => {
      const body = assemble([field(names[0] ?? 'a', 'text')]);
      for (const type of [
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary=other',
      ]) {
        const answer = await harness.send(definition, { body, headers: form(type) });
        expect([type, answer.status]).toEqual([type, 400]);
      }
    }),
  );

  test(
    'a form of 10,000 parts is refused',
    refused(async () => {
      for (const body of MANY_PARTS) {
        const answer = await harness.send(definition, { body, headers: form(TYPE) });
        expect(answer.status).toBe(definition.policy.kind === 'public' ? 413 : 400);
      }
      await harness.expectHealthy();
    }),
  );

  test('parts with huge or many headers do no harm', async () => {
    const huge = [
      `X: ${'a'.repeat(1_000_000)}`,
      Array.from({ length: 10_000 }, (_, n) => `X-${n}: a`).join('\r\n'),
    ];
    for (const header of huge) {
      const parts = [
        { headers: `${header}\r\nContent-Disposition: form-data; name="a"`, content: Buffer.from('b') },
      ];
      await harness.send(definition, { body: assemble(parts), headers: form(TYPE) });
    }
    await harness.expectHealthy();
  });

  test(
    'more than is kept of a form is refused',
    refused(async () => {
      const answer = await harness.send(definition, { body: LARGE, headers: form(TYPE) });
      expect(answer.status).toBe(413);
      await harness.expectHealthy();
    }),
  );
});

describe.each(uploads)('%s', (_name, definition) => {
  const names = Object.entries(definition.body?.shape ?? {}).filter(
    ([, { schema }]) => schema.format === 'binary',
  );
  const [[name] = ['file']] = names;
  const send = (parts: Part[]) => harness.send(definition, { body: assemble(parts), headers: form(TYPE) });

  test('what is no picture is refused, whatever it is called', async () => {
    // biome-ignore format: a list
    const contents = [
      Buffer.alloc(0), Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), Buffer.from('<html>'), Buffer.from('%PDF-1.4'),
      PICTURE.subarray(0, 4), Buffer.alloc(5_300_000, 1), Buffer.from('GIX89a'), Buffer.from('RIFF1234WEBX'), Buffer.from('PK\x03\x04'),
    ];
    for (const content of contents) {
      const answer = await send([file(name, content, 'a.png', '\r\nContent-Type: image/png')]);
      expect([content.subarray(0, 8).toString(), answer.status]).toEqual([
        content.subarray(0, 8).toString(),
        400,
      ]);
    }
    expect((await send([])).status).toBe(400);
    expect((await send([field(name, PICTURE)])).status).toBe(400);
    expect((await send([file('another', PICTURE)])).status).toBe(400);
    expect((await send([file('__proto__', PICTURE), file(`${name}[]`, PICTURE)])).status).toBe(400);
  });

  test('a file’s name decides nothing', async () => {
    for (const filename of [
      '../../x.php',
      '/etc/passwd',
      '',
      'a\0b',
      'C:\\x',
      '%00',
      'x'.repeat(10_000),
      'ü.png',
      '"',
    ]) {
      const answer = await send([file(name, PICTURE, filename)]);
      expect([201, 400]).toContain(answer.status);
      if (answer.status === 201) expect(answer.body.file).toMatch(/\/media\/[a-z-]+\/[0-9a-f-]{36}\.png\?/);
    }
    await harness.expectHealthy();
  });
});

test('a client that goes away while sending does no harm', async () => {
  const { port } = new URL(harness.app.base);
  const leave = (method: string, path: string, type: string) => {
    const body = type === TYPE ? assemble([file('file', PICTURE)]).subarray(0, 120) : Buffer.from('{"a":');
    return new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `${method} ${path.replace(/:\w+/, '1')} HTTP/1.1\r\nHost: main.localhost\r\nAuthorization: Bearer ${harness.token}\r\n` +
            `Content-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`,
        );
        socket.write(body, () => setTimeout(() => socket.destroy(), 20));
      });
      socket.on('close', () => resolve()).on('error', () => undefined);
    });
  };
  for (const [, { method, path }] of operations) {
    const types = [TYPE, 'application/json', 'application/x-www-form-urlencoded'];
    await Promise.all(types.map((type) => leave(method, path, type)));
  }
  await harness.expectHealthy();
});
