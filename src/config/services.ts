import type { SettingsReader } from './settings-reader.js';

/** The services that a process may run. `worker` is `events` and `imports` together. */
export const SERVICES = ['api', 'worker', 'events', 'imports', 'scheduler'] as const;
export type Service = (typeof SERVICES)[number];

const USUAL: readonly Service[] = ['api', 'worker', 'scheduler'];

/** Reads the services of this process. */
export function readServices(read: SettingsReader): ReadonlySet<Service> {
  return new Set(read.choices('LEOPARD_SERVICES', SERVICES, USUAL));
}

/** Returns whether these services handle events and send deliveries. */
export function handlesEvents(services: ReadonlySet<Service>): boolean {
  return services.has('worker') || services.has('events');
}

/** Returns whether these services import clients. */
export function importsClients(services: ReadonlySet<Service>): boolean {
  return services.has('worker') || services.has('imports');
}
