import { connect } from 'node:net';

const LONGEST_WAIT_MS = 3_000;

/**
 * Sends bytes as they are and waits until the server closes the connection.
 * @returns the statuses of its answers and everything it said
 */
export function sendRaw(base: string, bytes: string | Buffer): Promise<{ statuses: number[]; said: string }> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    let said = '';
    // Closing our half tells the server that nothing more will come, whatever length was promised.
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    const timer = setTimeout(() => socket.destroy(), LONGEST_WAIT_MS);
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', () => undefined); // reset while more was being sent
    socket.on('close', () => {
      clearTimeout(timer);
      const statuses = [...said.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
      resolve({ statuses, said });
    });
  });
}

/** A request that ends its connection, with these lines of header beside the usual ones. */
export function rawRequest(method: string, target: string, lines: readonly string[], body = ''): Buffer {
  const content = Buffer.from(body, 'utf8');
  const known = lines.map((line) => line.split(':', 1)[0]?.toLowerCase());
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...(known.includes('host') ? [] : ['Host: main.localhost']),
    ...(known.includes('connection') ? [] : ['Connection: close']),
    ...(body && !known.includes('content-type') ? ['Content-Type: application/json'] : []),
    ...(body && !known.includes('content-length') && !known.includes('transfer-encoding')
      ? [`Content-Length: ${content.length}`]
      : []),
    ...lines,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'utf8'), content]);
}
