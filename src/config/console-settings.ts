import type { SettingsReader } from './settings-reader.js';

/** Reads whether the browser application at /admin/ is served; errors become problems of `read`. */
export function readConsoleSetting(read: SettingsReader): boolean {
  return read.choice('LEOPARD_CONSOLE', ['on', 'off'], 'on') === 'on';
}
