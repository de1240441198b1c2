import type { ConnectionSettings } from './connection-settings.js';

/** Parses a `postgres://user:password@host:port/database` URL; null where it is none. */
export function parseDatabaseUrl(text: string): ConnectionSettings | null {
  try {
    const url = new URL(text);
    const database = decodeURIComponent(url.pathname.slice(1));
    if (!/^postgres(ql)?:$/.test(url.protocol) || !url.hostname || !url.username || !database) return null;
    return {
      host: url.hostname,
      port: Number(url.port || 5432),
      database,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    };
  } catch {
    return null;
  }
}
