import { domainToASCII } from 'node:url';
import { Type } from '@sinclair/typebox';
import { type Field, FieldError, field } from './field.js';
import { orBlank, readText, type TextOptions } from './text.js';

const SCHEMES = ['http', 'https', 'ftp', 'ftps'];
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const LONGEST = 2048;

/**
 * Returns whether this is a URL by the rules of Django's URLValidator: a scheme of the web, and a host that can be one.
 */
function isUrl(text: string): boolean {
  if (text.length > LONGEST || /\s/.test(text)) return false;
  const match =
    /^([a-z][a-z0-9+.-]*):\/\/(?:[^\s:@/]+(?::[^\s:@/]*)?@)?([^\s:/?#]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#]\S*)?$/i.exec(
      text,
    );
  if (!match) return false;
  const [, scheme = '', host = ''] = match;
  return SCHEMES.includes(scheme.toLowerCase()) && isHost(host);
}

function isHost(host: string): boolean {
  if (host.startsWith('[') || IPV4.test(host) || host.toLowerCase() === 'localhost') return true;
  const labels = domainToASCII(host).replace(/\.$/, '').split('.');
  const top = labels.at(-1) ?? '';
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(top);
}

/** Makes a field for a URL, or "" for none unless `min` is 1. */
export function url(options: TextOptions = {}): Field<string, false> {
  const { max = LONGEST, min } = options;
  const schema = Type.String({
    format: 'uri',
    maxLength: max,
    ...(min && { minLength: min }),
  });
  const parse = (value: unknown) => {
    const address = readText(value, { ...options, max });
    if (address !== '' && !isUrl(address)) throw FieldError.of('Enter a valid URL.');
    return address;
  };
  return field(min ? schema : orBlank(schema), parse, !min);
}
