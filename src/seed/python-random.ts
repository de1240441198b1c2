/**
 * Returns Python's `random.Random(seed)` for a seed of 32 bits; the returned function picks an item as its `choice()`
 * does. Source: test/contract/fixture.md, after CPython's Modules/_randommodule.c (the Mersenne Twister MT19937 of
 * Matsumoto and Nishimura, seeded by `init_by_array`) and `_randbelow_with_getrandbits` of Lib/random.py.
 */
export function pythonChoice(seed: number): <Item>(items: readonly Item[]) => Item {
  const next = mersenneTwister(seed);
  return (items) => {
    const bits = 32 - Math.clz32(items.length);
    let index: number;
    do index = next() >>> (32 - bits);
    while (index >= items.length);
    return items[index]!;
  };
}

const N = 624;
const M = 397;

/** Returns a generator whose every call yields the next 32 bits as an unsigned number. */
function mersenneTwister(seed: number): () => number {
  const state = seededState(seed);
  let at = N;
  return () => {
    if (at === N) {
      twist(state);
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function seededState(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  const mixed = (i: number) => state[i]! ^ (state[i]! >>> 30);
  state[0] = 19650218;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, mixed(i - 1)) + i;

  let i = 1;
  const step = (factor: number, add: number) => {
    state[i] = (state[i]! ^ Math.imul(factor, mixed(i - 1))) + add;
    if (++i === N) {
      state[0] = state[N - 1]!;
      i = 1;
    }
  };
  for (let k = 0; k < N; k++) step(1664525, seed);
  for (let k = 1; k < N; k++) step(1566083941, -i);
  state[0] = 0x80000000;
  return state;
}

function twist(state: Uint32Array): void {
  for (let k = 0; k < N; k++) {
    const y = (state[k]! & 0x80000000) | (state[(k + 1) % N]! & 0x7fffffff);
    state[k] = state[(k + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
