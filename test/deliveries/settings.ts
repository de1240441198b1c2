import type { DeliverySettings } from '../../src/config/delivery-settings.js';
import { CERTIFICATE } from './certificate.js';

/** Returns settings under which the tests' receivers can be reached. */
export function settingsFor(
  ports: readonly number[],
  change: Partial<DeliverySettings> = {},
): DeliverySettings {
  return {
    concurrency: 20,
    concurrencyPerTenant: 8,
    concurrencyPerEndpoint: 4,
    email: {
      transport: 'off',
      smtpUrl: '',
      from: 'Leopard <no-reply@leopard.test>',
      concurrency: 4,
      maxAgeHours: 24,
    },
    webhooks: { allowPrivate: true, ports, extraCa: CERTIFICATE },
    ...change,
  };
}
