import { createServer } from 'node:net';

/**
 * Listens for a moment on an address.
 * @param port 0 lets the system choose a free one
 * @returns the port
 * @throws the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL …)
 */
export function tryPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
