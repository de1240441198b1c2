import { ok, type ProductionCheck, problem } from '../check.js';

/** Checks that webhooks cannot reach machines behind the firewall. */
export const webhooksCheck: ProductionCheck = {
  name: 'webhooks',
  run: async ({ config }) => [
    config.deliveries.webhooks.allowPrivate
      ? problem(
          'WEBHOOKS_ALLOW_PRIVATE is on: whoever may set up webhooks reaches everything that this machine reaches',
          'set WEBHOOKS_ALLOW_PRIVATE=false',
        )
      : ok('they go to addresses of the Internet alone'),
  ],
};
