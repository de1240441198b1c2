import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PASSWORD } from '../../../test/helpers/app.js';
import { idOf } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';
import type { TokenStore, Tokens, WebStorage } from '../src/index.js';
import { type Agency, dataOf, errorOf, startAgency } from './agency.js';

let agency: Agency;
beforeAll(async () => {
  agency = await startAgency({ environment: { ACCESS_TOKEN_LIFETIME: '3600' } });
}, 240_000);
afterAll(() => agency?.close());

const PROFILE = '/api/v1/users/profile/';
const REFRESH = 'POST /api/token/refresh/';

/** Returns a store whose access token can be made useless, as after the server has ended it. */
function spoiledStore(): TokenStore & { spoil(): void; tokens: Tokens | null } {
  const store = {
    tokens: null as Tokens | null,
    read: () => store.tokens,
    write: (tokens: Tokens | null) => {
      store.tokens = tokens;
    },
    spoil() {
      if (store.tokens) store.tokens = { ...store.tokens, access: withoutSignature(store.tokens.access) };
    },
  };
  return store;
}

const withoutSignature = (token: string) => `${token.split('.').slice(0, 2).join('.')}.AAAA`;

describe('log-in', () => {
  test('gives the user, and the calls that follow are theirs', async () => {
    const client = agency.client();
    const user = dataOf(await client.session.logIn({ username: 'consultant1', password: PASSWORD }));
    expect(user).toMatchObject({ username: 'consultant1', groups: ['CONSULTANT'], tenant: 'main' });
    expect(await client.session.user()).toEqual(user);
    expect(dataOf(await client.get(PROFILE)).username).toBe('consultant1');
  });

  test('a wrong password is an error with the words of the API, and signs nobody in', async () => {
    const client = agency.client();
    const error = errorOf(await client.session.logIn({ username: 'admin', password: 'wrong' }));
    expect(error).toMatchObject({
      kind: 'detail',
      status: 401,
      message: 'No active account found with the given credentials',
    });
    expect(await client.session.user()).toBeNull();
  });

  test('nobody signed in: no request is sent', async () => {
    agency.requests();
    expect(errorOf(await agency.client().get(PROFILE)).kind).toBe('signed_out');
    expect(agency.requests()).toEqual([]);
  });
});

describe('refresh', () => {
  test('however many requests are refused at once, the refresh token is sent once', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    store.spoil();
    agency.requests();
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.get(PROFILE)));
    expect(answers.map(dataOf).every(({ username }) => username === 'admin')).toBe(true);
    const requests = agency.requests();
    expect(requests.filter((request) => request === REFRESH)).toHaveLength(1);
    expect(requests.filter((request) => request.startsWith('GET'))).toHaveLength(100);
  });

  test('a token about to end is exchanged before it is refused', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    store.tokens = { ...(store.tokens as Tokens), expiresAt: Date.now() + 5_000, receivedAt: 0 };
    agency.requests();
    dataOf(await client.get(PROFILE));
    expect(agency.requests()).toEqual([REFRESH, `GET ${PROFILE}`]);
  });

  test('a session that the server has ended: signed out, once, and nothing is sent any more', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('consultant12', { store });
    let changes = 0;
    client.session.onChange(() => changes++);
    const admin = await agency.signedIn();
    dataOf(await admin.post('/api/v1/users/{id}/end-sessions/', { path: { id: 7 } }));
    const results = await Promise.all(Array.from({ length: 5 }, () => client.get(PROFILE)));
    expect(results.map((result) => errorOf(result).kind)).toEqual(Array(5).fill('signed_out'));
    expect([store.tokens, changes]).toEqual([null, 1]);
    agency.requests();
    expect(errorOf(await client.get(PROFILE)).kind).toBe('signed_out');
    expect(agency.requests()).toEqual([]);
  });

  test('a listener that fails keeps nobody from the new tokens', async () => {
    const reported: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    const stop = client.session.onChange(() => {
      throw new Error('of the page');
    });
    store.spoil();
    expect(dataOf(await client.get(PROFILE)).username).toBe('admin');
    expect(reported).toEqual([new Error('of the page')]);
    stop();
    vi.unstubAllGlobals();
  });

  test('a request of one user is not repeated as another who signed in meanwhile', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('consultant1', { store });
    store.spoil();
    const stale = store.tokens;
    const other = dataOf(await client.session.logIn({ username: 'admin', password: PASSWORD }));
    const admins = store.tokens;
    let reads = 0;
    store.read = () => (reads++ === 0 ? stale : admins);
    agency.requests();
    expect(errorOf(await client.get(PROFILE)).kind).toBe('signed_out');
    expect(agency.requests()).toEqual([`GET ${PROFILE}`]);
    expect(other.username).toBe('admin');
  });

  test('a store that fails to take the new pair: the pair is used from memory', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    store.spoil();
    store.write = () => {
      throw new Error('quota');
    };
    for (let count = 0; count < 3; count++) expect(dataOf(await client.get(PROFILE)).username).toBe('admin');
    store.read = () => {
      throw new Error('denied');
    };
    const other = agency.client({ store });
    expect(errorOf(await other.get(PROFILE))).toMatchObject({ kind: 'storage' });
  });

  test('an exchange whose answer is lost: an error, and the next call says that the session has ended', async () => {
    const store = spoiledStore();
    let isLost = false;
    const client = await agency.signedIn('manager1', {
      store,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (isLost && String(input).endsWith('/refresh/')) throw new TypeError('terminated');
        return answer;
      },
    });
    store.spoil();
    isLost = true;
    expect(errorOf(await client.get(PROFILE)).kind).toBe('network');
    isLost = false;
    expect(errorOf(await client.get(PROFILE)).kind).toBe('signed_out');
    expect(store.tokens).toBeNull();
  });

  test('the server out of reach: an error, and the session goes on afterwards', async () => {
    const store = spoiledStore();
    let isCut = false;
    const client = await agency.signedIn('admin', {
      store,
      fetch: async (input, init) => {
        if (isCut) throw new TypeError('fetch failed');
        return await fetch(input, init);
      },
    });
    store.spoil();
    isCut = true;
    expect(errorOf(await client.get(PROFILE)).kind).toBe('network');
    isCut = false;
    expect(dataOf(await client.get(PROFILE)).username).toBe('admin');
  });
});

/** Returns storage of a browser that two tabs share. */
function sharedStorage(): WebStorage {
  const entries = new Map<string, string>();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

/** Returns a lock between tabs. */
function sharedLock() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(_name: string, work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

describe('two tabs with one store', () => {
  test('refresh once between them; neither presents a spent token', async () => {
    const { webStore } = agency.library;
    const [storage, lock] = [sharedStorage(), sharedLock()];
    const options = () => ({ store: webStore(storage), lock });
    const one = await agency.signedIn('branch1', options());
    const other = agency.client(options());
    for (let round = 0; round < 3; round++) {
      const tokens = JSON.parse(storage.getItem('leopard-tokens') ?? '');
      const spoiled = { ...tokens, access: withoutSignature(tokens.access) };
      storage.setItem('leopard-tokens', JSON.stringify(spoiled));
      agency.requests();
      const answers = await Promise.all([one, other, one, other].map((tab) => tab.get(PROFILE)));
      expect(answers.map((answer) => dataOf(answer).username)).toEqual(Array(4).fill('branch1'));
      expect(agency.requests().filter((request) => request === REFRESH)).toHaveLength(1);
    }
    const reused = await tenantSql(
      agency.app.databases.admin,
      "SELECT count(*)::int AS n FROM security_event WHERE kind = 'refresh_reused' AND user_id = $1",
      [idOf('branch1')],
    );
    expect(reused).toEqual([{ n: 0 }]);
  });

  test('a log-out in one signs out the other', async () => {
    const { webStore } = agency.library;
    const storage = sharedStorage();
    const one = await agency.signedIn('branch1', { store: webStore(storage) });
    const other = agency.client({ store: webStore(storage) });
    dataOf(await other.get(PROFILE));
    dataOf(await one.session.logOut());
    expect(errorOf(await other.get(PROFILE)).kind).toBe('signed_out');
    storage.setItem('leopard-tokens', '{"access":[]}');
    expect(errorOf(await other.get(PROFILE)).kind).toBe('signed_out');
    storage.setItem('leopard-tokens', 'nonsense');
    expect(errorOf(await other.get(PROFILE)).kind).toBe('signed_out');
  });
});

describe('log-out', () => {
  test('does not wait for an exchange that hangs, whose tokens come too late', async () => {
    const store = spoiledStore();
    let goOn: (() => void) | undefined;
    const client = await agency.signedIn('admin', {
      store,
      timeoutMs: 1_000,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (String(input).endsWith('/refresh/'))
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        return answer;
      },
    });
    store.spoil();
    expect(errorOf(await client.get(PROFILE)).kind).toBe('timeout');
    await client.session.logOut();
    expect(store.tokens).toBeNull();
    goOn?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(store.tokens).toBeNull();
  });

  test('ends the session at the server too', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    const { access } = store.tokens as Tokens;
    dataOf(await client.session.logOut());
    expect(await client.session.user()).toBeNull();
    expect((await agency.app.ask('GET', PROFILE, { token: access })).status).toBe(401);
    expect(errorOf(await client.session.logOut()).kind).toBe('signed_out');
  });

  test('works here without the server, and says that the server does not know', async () => {
    let isCut = false;
    const client = await agency.signedIn('admin', {
      fetch: async (input, init) => {
        if (isCut) throw new TypeError('fetch failed');
        return await fetch(input, init);
      },
    });
    isCut = true;
    expect(errorOf(await client.session.logOut()).kind).toBe('network');
    expect(await client.session.user()).toBeNull();
  });

  test('during a refresh waits for it, and nobody is signed in afterwards', async () => {
    const store = spoiledStore();
    const client = await agency.signedIn('admin', { store });
    store.spoil();
    const [asked, left] = await Promise.all([client.get(PROFILE), client.session.logOut()]);
    expect([left.ok, store.tokens]).toEqual([true, null]);
    expect(asked.ok || asked.error.kind === 'signed_out').toBe(true);
  });
});

describe('what replaces the tokens', () => {
  test('a new password: requests at the same time go on, other sessions end', async () => {
    const client = await agency.signedIn('consultant3');
    const elsewhere = await agency.signedIn('consultant3');
    const wrong = await client.session.changePassword({
      current_password: 'x',
      new_password: 'Another0!pass',
    });
    expect(errorOf(wrong)).toMatchObject({ kind: 'fields', status: 400 });
    const [changed, ...others] = await Promise.all([
      client.session.changePassword({ current_password: PASSWORD, new_password: 'Another0!pass' }),
      ...Array.from({ length: 10 }, () => client.get(PROFILE)),
    ]);
    expect(dataOf(changed).username).toBe('consultant3');
    for (const other of others) dataOf(other);
    dataOf(await client.get(PROFILE));
    expect(errorOf(await elsewhere.get(PROFILE)).kind).toBe('signed_out');
  });

  test('ending the others keeps this session', async () => {
    const client = await agency.signedIn('branch3');
    const elsewhere = await agency.signedIn('branch3');
    dataOf(await client.session.endOthers());
    dataOf(await client.get(PROFILE));
    expect(errorOf(await elsewhere.get(PROFILE)).kind).toBe('signed_out');
  });
});
