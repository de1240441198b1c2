import type { ClientDevice } from '../auth/client-device.js';
import type { TenantRequest } from './route.js';

/** Returns the client that sends a request. */
export function clientOf({ ip, raw }: TenantRequest): ClientDevice {
  return { address: ip, agent: raw.headers['user-agent'] ?? '', requestId: raw.id };
}
