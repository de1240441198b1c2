import type { ClientDevice } from '../auth/client-device.js';
import type { TenantRequest } from './route.js';

/** The header in which a client sends a random text of its own, by which it is recognised at log-ins. */
const DEVICE_HEADER = 'x-device-token';
const DEVICE_TOKEN = /^[\w-]{32,128}$/;

/** Returns the client that sends a request. */
export function clientOf({ ip, raw }: TenantRequest): ClientDevice {
  const token = raw.headers[DEVICE_HEADER];
  const isToken = typeof token === 'string' && DEVICE_TOKEN.test(token);
  return {
    address: ip,
    agent: raw.headers['user-agent'] ?? '',
    requestId: raw.id,
    ...(isToken && { token }),
  };
}
