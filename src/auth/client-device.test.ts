import { expect, test } from 'vitest';
import { deviceName, storedDevice } from './client-device.js';

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    'Chrome on Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  ['curl/8.5.0', 'curl 8.5.0'],
  ['python-requests/2.32 extra', 'python-requests 2.32'],
  ['', 'Unknown device'],
  ['   ', 'Unknown device'],
])('%j is shown as a short name', (agent, name) => {
  expect(deviceName(agent)).toBe(name);
});

test('what is stored fits its columns and holds no control characters', () => {
  const stored = storedDevice({
    address: `fe80::1%${'x'.repeat(100)}`,
    agent: `a\u0007b${'y'.repeat(100_000)}`,
  });
  expect(stored.address).toHaveLength(64);
  expect(stored.agent).toMatch(/^aby{297}$/);
  expect(stored.device).toHaveLength(80);
});
