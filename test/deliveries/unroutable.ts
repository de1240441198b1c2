import { sendWebhook } from '../../src/deliveries/webhook.js';

// A process in a network without any route sends, and reports the outcomes: with TLS and without, to a name with one
// address and with two.
const policy = { allowPrivate: true, ports: [80, 443], extraCa: null };
const errors: (string | null)[] = [];
for (const protocol of ['http', 'https']) {
  for (const addresses of [['203.0.113.7'], ['203.0.113.7', '2001:db8::7']]) {
    const outcome = await sendWebhook(
      {
        url: `${protocol}://receiver.example/`,
        secrets: ['whsec_test'],
        eventType: 'Client.CREATE',
        body: '{}',
        idempotencyKey: 'one',
      },
      {
        policy,
        withinMs: 5_000,
        resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      },
    );
    errors.push(outcome.error);
  }
}
console.log(JSON.stringify(errors));
