import { createHash, hkdfSync } from 'node:crypto';
import { statOf } from '../platform/folders.js';
import { type KeyEntry, readKeysFile, signingEntry } from './keys-file.js';

/** A key that signs or verifies. */
export interface Key {
  /** Its name, the `kid` of tokens. */
  readonly id: string;
  readonly secret: string;
  /** The time from which it no longer verifies, in milliseconds since 1970; Infinity where that is open. */
  readonly until: number;
}

/** Time between two looks at the file, in milliseconds. */
const LOOK_EVERY = 5_000;
/** Shortest time between two looks that an unknown key causes. */
const LOOK_AGAIN_AFTER = 1_000;
const ID_PURPOSE = 'leopard name of a key';
/** Maximum number of keys of one purpose in memory. */
const MOST_DERIVED = 100;

/** Returns the name of the key that SECRET_KEY is: 16 hex digits, from which the key does not follow. */
export function idOfSecret(secretKey: string): string {
  return Buffer.from(hkdfSync('sha256', secretKey, '', ID_PURPOSE, 8)).toString('hex');
}

/**
 * The keys of this process: SECRET_KEY and those of the keys file, which is read again when it changes, so that a new key
 * is known before the first token is signed with it.
 */
export class KeyRing {
  readonly #base: Key;
  #keys: readonly Key[] = [];
  #entries: readonly KeyEntry[] = [];
  #signing: Key;
  /** The time from which another key may sign. */
  #signingUntil = 0;
  #version = 0;
  #seen = '';
  #lookedAt = 0;

  /** @param file the keys file; it need not exist */
  constructor(
    secretKey: string,
    private readonly file: string,
    private readonly now: () => number = Date.now,
  ) {
    this.#base = { id: idOfSecret(secretKey), secret: secretKey, until: Infinity };
    this.#signing = this.#base;
    this.#look();
  }

  /** The number of changes that were seen: what was verified with other keys must be verified again. */
  get version(): number {
    this.#lookNowAndThen();
    return this.#version;
  }

  /** The key that signs now: the youngest whose time has come. */
  get signing(): Key {
    this.#lookNowAndThen();
    const now = this.now();
    if (now >= this.#signingUntil) this.#chooseSigning(now);
    return this.#signing;
  }

  /** The keys that verify now. */
  get verifying(): readonly Key[] {
    this.#lookNowAndThen();
    const now = this.now();
    return this.#keys.filter(({ until }) => now < until);
  }

  /** Finds a key that verifies, by its name; without one SECRET_KEY, which was once the only key. */
  find(id: string | undefined): Key | undefined {
    const wanted = id ?? this.#base.id;
    const isUnknown = !this.#keys.some((key) => key.id === wanted);
    if (isUnknown && this.now() - this.#lookedAt >= LOOK_AGAIN_AFTER) this.#look();
    return this.verifying.find((key) => key.id === wanted);
  }

  #lookNowAndThen(): void {
    if (this.now() - this.#lookedAt >= LOOK_EVERY) this.#look();
  }

  #look(): void {
    this.#lookedAt = this.now();
    const stat = statOf(this.file);
    const seen = stat ? `${stat.ino} ${stat.mtimeMs} ${stat.size}` : '';
    if (seen === this.#seen && this.#version > 0) return;
    // A file that cannot be read leaves the keys as they are, and is tried again.
    let entries: readonly KeyEntry[];
    try {
      entries = readKeysFile(this.file);
    } catch (error) {
      if (this.#version === 0) throw error;
      return;
    }
    this.#seen = seen;
    this.#entries = entries;
    const until = (entry: KeyEntry | undefined) =>
      entry?.retires_at ? Date.parse(entry.retires_at) : Infinity;
    const base = { ...this.#base, until: until(entries.find(({ id }) => id === this.#base.id)) };
    const others = entries.flatMap((entry) =>
      entry.secret ? [{ id: entry.id, secret: entry.secret, until: until(entry) }] : [],
    );
    this.#keys = [base, ...others];
    this.#signingUntil = 0;
    this.#version++;
  }

  #chooseSigning(now: number): void {
    const id = signingEntry(this.#entries, now)?.id;
    this.#signing = this.#keys.find((key) => key.id === id) ?? (this.#keys[0] as Key);
    const later = this.#entries
      .map(({ signs_from }) => Date.parse(signs_from ?? ''))
      .filter((from) => from > now);
    this.#signingUntil = Math.min(...later);
  }
}

/** Returns keys of one purpose, derived from those that verify now, the signing one first. */
export class PurposeKeys {
  readonly #derived = new Map<string, Buffer>();

  constructor(
    private readonly keys: KeyRing,
    private readonly purpose: string,
  ) {}

  get signing(): Buffer {
    return this.#of(this.keys.signing);
  }

  get verifying(): Buffer[] {
    return this.keys.verifying.map((key) => this.#of(key));
  }

  #of({ secret }: Key): Buffer {
    const name = createHash('sha256').update(secret).digest('base64');
    let key = this.#derived.get(name);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', secret, '', this.purpose, 32));
      if (this.#derived.size >= MOST_DERIVED) this.#derived.clear();
      this.#derived.set(name, key);
    }
    return key;
  }
}
