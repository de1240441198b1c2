import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Calls this when a response was sent or its connection is gone. Of a response that still waits for the answers before
 * it on its connection, Node would not announce the latter.
 */
export function onResponseEnd(response: ServerResponse, socket: Socket, done: () => void): void {
  response.once('close', done);
  if (response.socket !== null) return;
  if (socket.destroyed) {
    done();
    return;
  }
  socket.once('close', done);
  response.once('close', () => socket.off('close', done));
}
