import { buildApp } from '../../../src/app/app.js';
import { loadConfig } from '../../../src/config/config.js';
import { Database } from '../../../src/database/database.js';
import { Listener } from '../../../src/database/listener.js';
import { openapiDocument } from '../../../src/routing/openapi/document.js';

const NOWHERE = { host: '127.0.0.1', port: 1, database: '', user: '', password: '' };

/** Returns the program's OpenAPI document. Nothing is served, and no database is connected to. */
export async function readDocument(): Promise<Record<string, unknown>> {
  const settings = { SECRET_KEY: crypto.randomUUID().repeat(2), DEBUG: 'true', LOG_LEVEL: 'error' };
  const config = loadConfig(settings, import.meta.dirname);
  const database = new Database(NOWHERE, { size: 1 });
  const listener = new Listener(NOWHERE);
  const { server } = await buildApp({ config, database, listener });
  try {
    return openapiDocument(server);
  } finally {
    await server.close();
    await listener.close();
    await database.close();
  }
}
