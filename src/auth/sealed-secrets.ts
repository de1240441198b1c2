import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 8;
const KEY_PURPOSE = 'leopard sealed secrets';
const KEY_ID_PURPOSE = 'leopard sealed secrets, name of the key';

/** A secret as it is stored, and the name of the key that opens it. */
export interface Sealed {
  readonly sealed: Buffer;
  readonly keyId: string;
}

interface Key {
  readonly id: string;
  readonly key: Buffer;
}

/** Thrown when the key that sealed a secret is not among the program's keys, or the stored bytes were changed. */
export class UnreadableSecretError extends Error {}

/**
 * Encrypts secrets that the database keeps (AES-256-GCM), so that its dump alone does not reveal them. A secret belongs
 * to an owner: under another one it does not open.
 */
export class SealedSecrets {
  readonly #keys: readonly [Key, ...Key[]];

  /** @param secretKeys the program's keys; the first one seals, all of them open */
  constructor([first, ...older]: readonly [string, ...(readonly string[])]) {
    this.#keys = [derived(first), ...older.map(derived)];
  }

  /** Seals a secret. @param owner a text that is the same at each opening: `totp tenant_main 5` */
  seal(secret: Buffer, owner: string): Sealed {
    const [{ id, key }] = this.#keys;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(
      Buffer.from(owner),
    );
    const text = Buffer.concat([cipher.update(secret), cipher.final()]);
    return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), text]), keyId: id };
  }

  /** Opens a secret. @throws UnreadableSecretError */
  open({ sealed, keyId }: Sealed, owner: string): Buffer {
    const key = this.#keys.find(({ id }) => id === keyId)?.key;
    if (!key)
      throw new UnreadableSecretError('a secret was sealed with a key that the program does not have');
    const start = NONCE_BYTES + TAG_BYTES;
    try {
      const cipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(owner))
        .setAuthTag(sealed.subarray(NONCE_BYTES, start));
      return Buffer.concat([cipher.update(sealed.subarray(start)), cipher.final()]);
    } catch (error) {
      throw new UnreadableSecretError('a sealed secret is damaged, or somebody else’s', { cause: error });
    }
  }

  /** The name of the key that seals; secrets under another one are to be sealed anew. */
  get keyId(): string {
    return this.#keys[0].id;
  }
}

function derived(secretKey: string): Key {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', secretKey, '', purpose, length));
  return { id: derive(KEY_ID_PURPOSE, KEY_ID_BYTES).toString('hex'), key: derive(KEY_PURPOSE, KEY_BYTES) };
}
