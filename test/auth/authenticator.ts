import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** Options for `navigator.credentials`, as the program returns them. */
interface Options {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** The differences of an answer from an honest one. */
interface Deviations {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly counter?: number;
  readonly isUserVerified?: boolean;
  readonly type?: string;
}

const [PRESENT, VERIFIED, HAS_CREDENTIAL] = [0x01, 0x04, 0x40];

/** An authenticator in software (ES256, no attestation) together with the browser in front of it. */
export class Authenticator {
  readonly id = randomBytes(32).toString('base64url');
  counter = 0;
  userHandle = '';
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;

  constructor(readonly origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#publicKey = publicKey;
  }

  /** Makes the passkey: the answer to `navigator.credentials.create`. */
  create(options: Options, deviations: Deviations = {}) {
    this.userHandle = options.user?.id ?? '';
    const rpId = deviations.rpId ?? options.rp?.id ?? '';
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const credential = Buffer.concat([Buffer.alloc(16), length, id, this.#coseKey()]);
    const data = Buffer.concat([this.#head(rpId, HAS_CREDENTIAL, deviations), credential]);
    const attestation = cbor(
      new Map<unknown, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', data],
      ]),
    );
    return this.#answer({
      clientDataJSON: this.#client('webauthn.create', options, deviations),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal', 'hybrid'],
    });
  }

  /** Uses the passkey: the answer to `navigator.credentials.get`. */
  get(options: Options, deviations: Deviations = {}) {
    this.counter = deviations.counter ?? this.counter + 1;
    const data = this.#head(deviations.rpId ?? options.rpId ?? '', 0, deviations);
    const clientDataJSON = this.#client('webauthn.get', options, deviations);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    return this.#answer({
      clientDataJSON,
      authenticatorData: data.toString('base64url'),
      signature: createSign('sha256').update(data).update(hash).sign(this.#key, 'base64url'),
      userHandle: this.userHandle,
    });
  }

  #answer<R>(response: R) {
    return { id: this.id, rawId: this.id, type: 'public-key', response, clientExtensionResults: {} };
  }

  #client(type: string, { challenge }: Options, deviations: Deviations): string {
    const data = { type, challenge, origin: this.origin, crossOrigin: false, ...pick(deviations) };
    return Buffer.from(JSON.stringify(data)).toString('base64url');
  }

  #head(rpId: string, flags: number, { isUserVerified = true }: Deviations): Buffer {
    const head = Buffer.alloc(37);
    createHash('sha256').update(rpId).digest().copy(head);
    head[32] = flags | PRESENT | (isUserVerified ? VERIFIED : 0);
    head.writeUInt32BE(this.counter, 33);
    return head;
  }

  #coseKey(): Buffer {
    const { x = '', y = '' } = this.#publicKey.export({ format: 'jwk' });
    const point = [x, y].map((part) => Buffer.from(part, 'base64url'));
    return cbor(
      new Map<unknown, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, point[0]],
        [-3, point[1]],
      ]),
    );
  }
}

function pick({ origin, challenge, type }: Deviations): object {
  return { ...(origin && { origin }), ...(challenge && { challenge }), ...(type && { type }) };
}

/** Writes CBOR (RFC 8949) of what authenticators send: maps, texts, bytes and small numbers. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  const entries = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(cbor)]);
}

function head(type: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(type << 5) | length]);
  if (length < 256) return Buffer.from([(type << 5) | 24, length]);
  return Buffer.from([(type << 5) | 25, length >> 8, length & 255]);
}
