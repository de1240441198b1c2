import { SECRET_SAMPLES } from './secret-samples.js';

/** Secrets that no log, span or report may hold: by their form, and the values that tests use. */
const FORMS: readonly (readonly [kind: string, form: RegExp])[] = [
  ['a token', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a bearer’s header', /\bBearer\s+[\w.-]{8,}/i],
  ['a signed address', /[?&]signature=[\w-]{8,}/],
  ['a token in an address', /[?&#](?:token|access|refresh)=[\w.-]{8,}/],
  ['a secret of webhooks', /\bwhsec_[\w+/=-]{8,}/],
  ['a hash of a password', /\$argon2id?\$|\bpbkdf2_sha256\$/],
  ['a password in an address', /\/\/[^\s/:@"]+:[^\s/:@"]+@/],
];

interface Found {
  readonly kind: string;
  /** The line, shortened. */
  readonly line: string;
}

const found: Found[] = [];
const MOST = 20;

/** Returns what a text holds that is secret. @param more further values, such as tokens that a test was given */
export function secretsIn(text: string, more: readonly string[] = []): Found[] {
  const around = (at: number) => text.slice(Math.max(0, at - 120), at + 120);
  const byForm = FORMS.flatMap(([kind, form]) => {
    const match = form.exec(text);
    return match ? [{ kind, line: around(match.index) }] : [];
  });
  const byValue = [...SECRET_SAMPLES, ...more]
    .filter((value) => text.includes(value))
    .map((value) => ({ kind: value, line: around(text.indexOf(value)) }));
  return [...byForm, ...byValue];
}

/** Notes what a line of a log holds that is secret: the test that is running fails at its end (secret-check.ts). */
export function scanLine(line: string): void {
  if (found.length < MOST) found.push(...secretsIn(line));
}

/** Returns what was found since the last call. */
export function takeFound(): Found[] {
  return found.splice(0);
}
