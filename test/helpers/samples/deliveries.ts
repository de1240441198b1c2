import { insert, newName } from './insert.js';
import type { Samples } from './sample.js';

export const deliverySamples: Samples = {
  '/api/v1/webhooks/': {
    body: { url: 'https://hooks.sample.example/' },
    create: (transaction) =>
      // Nobody answers at port 9: a test of it fails at once.
      insert(transaction, 'webhook_endpoint', { url: 'https://127.0.0.1:9/', secret: newName() }),
  },
  '/api/v1/deliveries/': {
    body: { ids: [1] },
    create: (transaction) =>
      insert(transaction, 'delivery', {
        kind: 'email',
        recipient: 'sample@sample.example',
        destination: 'mail',
        subject: newName(),
        body: 'Sample',
      }),
  },
};
