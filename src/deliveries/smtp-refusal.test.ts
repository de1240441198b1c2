import { describe, expect, it } from 'vitest';
import { isAboutRecipient } from './smtp-refusal.js';

const refusal = (command: string, response: string) =>
  isAboutRecipient({ command, response, responseCode: Number(response.slice(0, 3)) });

describe('final is', () => {
  it.each([
    '550 no such user',
    '550 5.1.1 user unknown',
    '550-5.1.1 The account does not exist\n550 5.1.1 please check',
    '551 user not local',
    '553 mailbox name not allowed',
    '556 5.1.10 domain takes no mail',
    '556 domain takes no mail',
    '550 5.2.1 mailbox disabled',
    '550 5.1.2 bad destination system',
  ])('RCPT: %s', (response) => expect(refusal('RCPT TO', response)).toBe(true));

  it('an unknown mailbox that is told after the message', () =>
    expect(refusal('DATA', '550 5.1.1 user unknown')).toBe(true));
});

describe('not final is', () => {
  it.each([
    ['RCPT TO', '450 4.2.1 greylisted'],
    ['RCPT TO', '552 5.2.2 mailbox full'],
    ['RCPT TO', '550 5.2.2 over quota'],
    ['RCPT TO', '550 5.7.1 relaying denied'],
    ['RCPT TO', '554 5.7.1 client host blocked'],
    ['RCPT TO', '550 5.1.8 sender address rejected: domain not found'],
    ['RCPT TO', '550 5.1.7 bad sender'],
    ['RCPT TO', '530 5.7.0 must issue a STARTTLS command first'],
    ['RCPT TO', '538 encryption required'],
    ['RCPT TO', '552 5.3.4 message too big'],
    ['RCPT TO', '554 no'],
    ['MAIL FROM', '550 5.1.1 sender unknown'],
    ['MAIL FROM', '530 5.7.0 must issue a STARTTLS command first'],
    ['MAIL FROM', '553 sender refused'],
    ['DATA', '554 5.7.1 refused as spam'],
    ['DATA', '550 no'],
    ['CONN', '554 no service for you'],
    ['STARTTLS', '550 no'],
    ['AUTH PLAIN', '535 5.7.8 bad credentials'],
  ])('%s: %s', (command, response) => expect(refusal(command, response)).toBe(false));

  it('what is no reply of the server', () => expect(isAboutRecipient({ command: 'RCPT TO' })).toBe(false));
});
