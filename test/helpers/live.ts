import { startTestApp, type TestApp } from './app.js';
import { EventStream, type OpenOptions } from './event-stream.js';
import { seedStaff } from './staff.js';

export type LiveOpen = OpenOptions & { readonly at?: TestApp; readonly user?: string };

/** Two instances on one database, with staff, and a way to open their streams. */
export interface LivePair {
  readonly app: TestApp;
  readonly other: TestApp;
  /** Tokens by username; `elsewhere` belongs to consultant1 of the tenant demo. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Opens a stream, of consultant1 at the first instance by default; resolves when it is established. */
  open(options?: LiveOpen): Promise<EventStream>;
  closeStreams(): void;
  close(): Promise<void>;
}

export async function startLivePair(): Promise<LivePair> {
  const app = await startTestApp();
  const other = await startTestApp({ sharing: app });
  for (const schema of ['tenant_main', 'tenant_demo']) await seedStaff(app, schema);
  const tokens: Record<string, string> = { elsewhere: await app.logIn('consultant1', 'demo') };
  for (const name of ['admin', 'consultant1', 'branch1', 'branch3']) tokens[name] = await app.logIn(name);
  const opened: EventStream[] = [];
  return {
    app,
    other,
    tokens,
    async open({ at = app, user = 'consultant1', ...rest } = {}) {
      const stream = await EventStream.open(at.base, { token: tokens[user], ...rest });
      opened.push(stream);
      if (stream.response.statusCode === 200) await stream.until('connection_established');
      return stream;
    },
    closeStreams() {
      for (const stream of opened.splice(0)) stream.close();
    },
    async close() {
      await other.close();
      await app.close();
    },
  };
}
