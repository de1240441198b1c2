import { Database } from '../../src/database/database.js';
import { DeliverySender } from '../../src/deliveries/sender.js';
import { settingsFor } from './settings.js';

// A process that is killed while it sends. Its claim ends soon, so that the test need not wait a minute.
process.once('message', ({ database, ports }: { database: never; ports: number[] }) => {
  const sender = new DeliverySender(new Database(database, { size: 2 }), {
    settings: settingsFor(ports),
    mailer: null,
    leaseSeconds: 1,
  });
  sender.start();
});
