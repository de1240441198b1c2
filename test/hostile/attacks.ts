import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attacker } from './attacker.js';

/** An attack: goes on until the attacker is stopped. */
type Attack = (attacker: Attacker) => Promise<void>;

const JSON_TYPE = 'application/json';
const CLIENTS = '/api/v1/clients/';
const MULTIPART = 'multipart/form-data; boundary=x';
const INFO = 'GET /api/public/tenant-info/ HTTP/1.1\r\nHost: main.localhost\r\n\r\n';
const PART = Buffer.alloc(65_536, 'x');
const SPACES = ' '.repeat(15_000);

/** Number of connections on which answers are not read, and of the requests on each. */
const UNREAD = { connections: 60, requests: 5 };

const json = (path: string, body: string, method = 'POST') => ({ method, path, body, type: JSON_TYPE });

/** Returns an upload of one file. */
function upload(path: string, name: string, content: string) {
  const head = `--x\r\nContent-Disposition: form-data; name="${name}"; filename="a.csv"\r\n\r\n`;
  return { method: 'POST', path, body: `${head}${content}\r\n--x--\r\n`, type: MULTIPART };
}

const LONG_LIST = JSON.stringify({ notification_ids: new Array(100_000).fill('') });
const MANY_TAGS = JSON.stringify({ title: 'x', tags: new Array(400_000).fill('x') });
const LONG_TEXT = JSON.stringify({ title: 'x', detail: 'x'.repeat(2_000_000), priority: 'LOW' });
const EMPTY_ARRAYS = `{"first_name":[${'[],'.repeat(800_000)}[]]}`;
const HUGE_CELLS = `full_name,email\n${`a${' '.repeat(40_000)}b,x@example.com\n`.repeat(20)}`;
const LARGE_FILE = `first_name,last_name,email\n${'Maya,Rai,maya@example.com\n'.repeat(90_000)}`;

/** The attacks of somebody without a log-in. */
const ANONYMOUS: Readonly<Record<string, Attack>> = {
  'forms with files before the log-in': (attacker) =>
    attacker.repeat(60, async () => {
      const head = `POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nContent-Type: ${MULTIPART}\r\n`;
      const part = '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';
      const socket = attacker.open(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = (bytes: Buffer | string) => `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
      socket.write(chunk(part));
      for (let n = 0; n < 90 && !socket.destroyed; n++) {
        socket.write(chunk(PART));
        await sleep(5);
      }
      await attacker.closed(socket, 1_000);
    }),

  'log-ins with invented names': (attacker) =>
    attacker.repeat(200, () =>
      attacker.send(json('/api/token/', JSON.stringify({ username: randomUUID(), password: 'guess' }))),
    ),

  'heads that do not end': (attacker) =>
    attacker.repeat(800, () =>
      attacker.closed(attacker.open('GET /health/ HTTP/1.1\r\nHost: main.localhost\r\nX-'), 60_000),
    ),

  'bodies that do not end': (attacker) =>
    attacker.repeat(300, () => {
      const head = `POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nContent-Type: ${JSON_TYPE}\r\n`;
      return attacker.closed(attacker.open(`${head}Content-Length: 16000\r\n\r\n{${SPACES}`), 60_000);
    }),

  'requests ahead of their answers': (attacker) =>
    attacker.repeat(5, async () => {
      await attacker.closed(attacker.open(INFO.repeat(5_000)), 1_000);
      await sleep(100);
    }),

  'pages of the documentation that are not read': (attacker) => {
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: main.localhost\r\n\r\n`;
    const requests = get('/api/schema/?format=json') + get('/api/schema/').repeat(UNREAD.requests - 1);
    return attacker.repeat(UNREAD.connections, () =>
      attacker.closed(attacker.open(requests).pause(), 60_000),
    );
  },

  'connections that come and go': (attacker) =>
    attacker.repeat(50, async () => {
      const socket = attacker.open('');
      await sleep(5);
      socket.destroy();
    }),

  'headers and queries that are hard to read': (attacker) => {
    const commas = ','.repeat(7_000);
    const headers = [
      { accept: `text/html${SPACES}x` },
      { accept: `${commas};q=0` },
      { authorization: `Bearer${SPACES}x` },
      { authorization: `Bearer ${'a.'.repeat(7_000)}` },
      { 'content-type': `a/b${SPACES}x` },
      { origin: `https://${'a'.repeat(14_000)}.localhost` },
      { 'x-forwarded-for': commas },
      { cookie: 'a=b;'.repeat(3_500) },
    ];
    const queries = [`?a=${'%'.repeat(7_000)}`, `?${'a&'.repeat(7_000)}`, `?${'a[]=1&'.repeat(2_000)}`, '?'];
    return attacker.repeat(20, async (n) => {
      const path = `/api/public/tenant-info/${queries[n % queries.length]}`;
      await attacker.send({ method: 'GET', path, headers: headers[n % headers.length] ?? {} });
    });
  },
};

/** The attacks of a consultant of one agency. */
const SIGNED_IN: Readonly<Record<string, Attack>> = {
  'live streams': (attacker) =>
    attacker.repeat(100, async () => {
      await attacker.closed(attacker.open(attacker.head('/api/v1/notifications/stream/')), 2_000);
      await sleep(50);
    }),

  'lists that are not read': (attacker) => {
    const requests = attacker.head(`${CLIENTS}?page_size=100`).repeat(UNREAD.requests);
    return attacker.repeat(UNREAD.connections, () => attacker.closed(attacker.open(requests).pause(), 2_000));
  },

  'pages deep in lists': (attacker) => {
    const pages = ['last', '999999', '40', '1'].map((page) => `${CLIENTS}?page_size=100&page=${page}`);
    return attacker.repeat(40, (n) => attacker.get(pages[n % pages.length] as string));
  },

  'searches and reports': (attacker) => {
    const paths = [
      '/api/v1/search/?q=aa',
      `${CLIENTS}?search=a&page_size=100`,
      `${CLIENTS}?search=${'a%25_'.repeat(500)}`,
      `${CLIENTS}?${'stage=LEAD&'.repeat(1_000)}`,
      '/api/v1/reports/stage-conversions/',
      '/api/v1/reports/workload/',
      '/api/v1/deadlines/',
    ];
    return attacker.repeat(40, (n) => attacker.get(paths[n % paths.length] as string));
  },

  exports: (attacker) => attacker.repeat(20, () => attacker.get(`${CLIENTS}export/`)),

  'lists of 100,000 and more': (attacker) => {
    const bodies = [
      json('/api/v1/notifications/bulk_mark_read/', LONG_LIST),
      json('/api/v1/tasks/', MANY_TAGS),
      json(CLIENTS, EMPTY_ARRAYS),
    ];
    return attacker.repeat(10, (n) => attacker.send(bodies[n % bodies.length]!, true));
  },

  'texts of megabytes': (attacker) =>
    attacker.repeat(10, async (n) => {
      await attacker.send(json('/api/v1/tasks/', LONG_TEXT), true);
      if (n % 3 === 0) await attacker.get('/api/v1/tasks/?page_size=100');
    }),

  'imports of huge cells and large files': (attacker) =>
    attacker.repeat(6, (n) =>
      attacker.send(upload('/api/v1/client-imports/', 'file', n % 3 === 0 ? LARGE_FILE : HUGE_CELLS), true),
    ),

  'changes of one record': (attacker) =>
    attacker.repeat(60, (n) =>
      attacker.send(json(`${CLIENTS}${attacker.clientId}/`, `{"city":"City ${n}"}`, 'PATCH'), true),
    ),

  'bulk actions': (attacker) =>
    attacker.repeat(10, (n) => {
      const stage = n % 2 === 0 ? 'LEAD' : 'CLIENT';
      return attacker.send(json(`${CLIENTS}bulk/stage/`, JSON.stringify({ filters: {}, stage })), true);
    }),
};

export const ATTACKS: Readonly<Record<string, Attack>> = { ...ANONYMOUS, ...SIGNED_IN };
