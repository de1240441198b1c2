import { connect } from 'node:net';

/** Time of silence after which the server is taken to wait for more than was sent. */
const SILENCE_MS = 1_000;

/**
 * Sends raw bytes and waits until the server closes the connection; gives up on a server that waits for more.
 * @returns the statuses of its answers and everything it sent
 */
export function sendRaw(base: string, bytes: Buffer): Promise<{ statuses: number[]; said: string }> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', () => undefined); // reset while more was being sent
    socket.on('close', () => {
      const statuses = [...said.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
      resolve({ statuses: statuses.filter((status) => status !== 100), said });
    });
  });
}

/** Returns a request that ends its connection, with these header lines besides the usual ones. */
export function rawRequest(method: string, target: string, lines: readonly string[], body = ''): Buffer {
  const known = new Set(lines.map((line) => line.split(':', 1)[0]?.toLowerCase()));
  const usual = { Host: 'main.localhost', Connection: 'close' };
  const length = Buffer.byteLength(body);
  const ofBody = body ? { 'Content-Type': 'application/json', 'Content-Length': String(length) } : {};
  const added = Object.entries({ ...usual, ...ofBody }).filter(
    ([name]) =>
      !known.has(name.toLowerCase()) && !(name === 'Content-Length' && known.has('transfer-encoding')),
  );
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...added.map(([name, value]) => `${name}: ${value}`),
    ...lines,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
