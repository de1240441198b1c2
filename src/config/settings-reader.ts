import { compile } from '@fastify/proxy-addr';
import { isDomainName } from '../platform/domain-name.js';
import { oneLine } from '../platform/one-line.js';

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);
const ORIGIN = /^https?:\/\/[\w.-]+(:\d+)?$/;
const ORIGIN_PATTERN = /^https?:\/\/[\w.*-]+(:(\d+|\*))?$/;

/** Maximum length of a problem, which repeats the value. */
const LONGEST_PROBLEM = 300;

/** A reader of settings by name, which collects all problems so that they are reported at once. */
export class SettingsReader {
  readonly problems: string[] = [];

  constructor(private readonly values: Readonly<Record<string, string | undefined>>) {}

  problem(name: string, text: string): void {
    this.problems.push(oneLine(`${name} ${text}`, LONGEST_PROBLEM));
  }

  /** Returns whether the setting is given and not empty. */
  has(name: string): boolean {
    return this.text(name, '') !== '';
  }

  text(name: string, fallback: string): string {
    const value = this.values[name]?.trim();
    return value ? value : fallback;
  }

  required(name: string): string {
    const value = this.text(name, '');
    if (!value) this.problem(name, 'is missing');
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.text(name, '').toLowerCase();
    if (!value) return fallback;
    if (!TRUE.has(value) && !FALSE.has(value)) this.problem(name, `must be true or false, not "${value}"`);
    return TRUE.has(value);
  }

  integer(name: string, fallback: number, range: { min: number; max: number }): number {
    const value = this.text(name, '');
    if (!value) return fallback;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= range.min && number <= range.max) return number;
    this.problem(name, `must be a whole number from ${range.min} to ${range.max}, not "${value}"`);
    return fallback;
  }

  list(name: string, fallback: readonly string[]): string[] {
    const items = this.text(name, '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
    return items.length > 0 ? items : [...fallback];
  }

  choice<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name, fallback);
    const match = allowed.find((choice) => choice === value);
    if (!match) this.problem(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
    return match ?? fallback;
  }

  /** Reads several of the allowed values, separated by commas; all of them by default, unless others are the usual ones. */
  choices<T extends string>(name: string, allowed: readonly T[], usual: readonly T[] = allowed): T[] {
    const given = this.list(name, usual);
    for (const item of given) {
      if (!allowed.includes(item as T))
        this.problem(name, `must be among ${allowed.join(', ')}, not "${item}"`);
    }
    return allowed.filter((choice) => given.includes(choice));
  }

  /** Reads origins, `scheme://host[:port]`; a `*` stands for one or more letters, digits, hyphens or dots. */
  origins(name: string): string[] {
    const given = this.list(name, []);
    for (const item of given) {
      if (!ORIGIN_PATTERN.test(item)) {
        this.problem(name, `must hold origins such as https://app.example.com, not "${item}"`);
      }
    }
    return given.map((item) => item.toLowerCase());
  }

  /** Reads an origin, `scheme://host[:port]`, or `*` for any. */
  origin(name: string, fallback: string): string {
    const value = this.text(name, fallback).toLowerCase();
    if (value === '*' || ORIGIN.test(value)) return value;
    this.problem(name, `must be one origin such as https://app.example.com, or * for any, not "${value}"`);
    return fallback;
  }

  /** Reads a host name, in lower case. */
  domain(name: string, fallback: string): string {
    const value = this.text(name, fallback).toLowerCase();
    if (isDomainName(value)) return value;
    this.problem(
      name,
      `must be a host name such as ${fallback}, without scheme, port or path, not "${value}"`,
    );
    return fallback;
  }

  /** Reads IP addresses and ranges. */
  addresses(name: string): string[] {
    const given = this.list(name, []);
    for (const item of given) {
      if (!isAddressRange(item)) {
        this.problem(name, `must hold IP addresses or ranges such as 127.0.0.1,10.0.0.0/8, not "${item}"`);
      }
    }
    return given;
  }
}

/** Returns whether Fastify's `trustProxy` accepts this: an address, a range, or a range that it knows by name. */
function isAddressRange(text: string): boolean {
  try {
    compile([text]);
    return true;
  } catch {
    return false;
  }
}
