import { expect, it } from 'vitest';
import { shortError } from './attempt-outcome.js';

it.each([
  ['queryA ENOTFOUND hooks.acme.example', 'unknown host name hooks.acme.example'],
  ['queryAaaa ENODATA hooks.acme.example', 'unknown host name hooks.acme.example'],
  ['getaddrinfo ENOTFOUND mail.acme.example', 'unknown host name mail.acme.example'],
  ['queryA ETIMEOUT hooks.acme.example', 'hooks.acme.example could not be looked up (ETIMEOUT)'],
  ['getaddrinfo EAI_AGAIN mail.acme.example', 'mail.acme.example could not be looked up (EAI_AGAIN)'],
  ['connect ECONNREFUSED 192.0.2.1:443', 'connect ECONNREFUSED 192.0.2.1:443'],
])('%s is told as: %s', (message, told) => {
  expect(shortError(new Error(message))).toBe(told);
});
