import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../platform/package-root.js';

/** The e-mails of data/account-mails.yaml. */
export type AccountMailName =
  | 'password-reset'
  | 'invitation'
  | 'password-changed'
  | 'email-changed'
  | 'new-device'
  | 'factor-added'
  | 'factor-removed';

interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** The mark in place of which the sender puts the token of the link, which is never stored. */
export const TOKEN_MARK = '{token}';
const LONGEST_VALUE = 300;
const LONGEST_SUBJECT = 255;

/** The formats of times by time zone: making one takes forty times as long as using it, and every log-in needs one. */
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 100 });

let templates: Readonly<Record<string, MailText>> | undefined;

/**
 * Returns an e-mail's subject and text.
 * @param values the texts for what the template has in braces; braces and line breaks in them are removed
 * @param link the address of a link up to its token
 */
export function mailText(
  name: AccountMailName,
  values: Readonly<Record<string, string>>,
  link?: string,
): MailText {
  templates ??= parse(readFileSync(join(PACKAGE_ROOT, 'data/account-mails.yaml'), 'utf8'));
  const template = templates?.[name];
  if (!template) throw new Error(`data/account-mails.yaml has no e-mail ${name}`);
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
      if (key === 'link' && link !== undefined) return link + TOKEN_MARK;
      const value = values[key];
      if (value === undefined) throw new Error(`the e-mail ${name} lacks a value for {${key}}`);
      return inOneLine(value);
    });
  return { subject: fill(template.subject).slice(0, LONGEST_SUBJECT), text: fill(template.text) };
}

function inOneLine(value: string): string {
  return value.replaceAll(/[\p{Cc}{}]+/gu, ' ').slice(0, LONGEST_VALUE);
}

/** Returns a time in the words of an e-mail: `30 November 2026 at 18:45 GMT+5:45`. */
export function mailTime(timeZone: string, moment = new Date()): string {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long', timeZone });
    formats.set(timeZone, format);
  }
  return format.format(moment);
}

/** Returns a duration in the words of an e-mail: `7 days`, `1 hour`, `90 minutes`. @param seconds */
export function mailDuration(seconds: number): string {
  const [length, unit] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ].find(([length]) => seconds % (length as number) === 0 && seconds >= (length as number)) ?? [1, 'second'];
  const count = seconds / (length as number);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
