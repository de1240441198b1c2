const SLOTS = 8_192;
const FNV_OFFSET = 2_166_136_261;
const FNV_PRIME = 16_777_619;

/** Remembers which keys have been seen lately, by their hashes alone: a newer one takes an older one's place. */
export class RecentKeys {
  readonly #slots = new Uint32Array(SLOTS);

  /** Adds a key. @returns whether it has been there, or one with the same hash */
  add(key: string): boolean {
    let digest = FNV_OFFSET;
    for (let i = 0; i < key.length; i++) digest = Math.imul(digest ^ key.charCodeAt(i), FNV_PRIME);
    digest >>>= 0;
    const slot = digest % SLOTS;
    const wasThere = this.#slots[slot] === digest;
    this.#slots[slot] = digest;
    return wasThere;
  }
}
