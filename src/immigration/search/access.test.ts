import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SearchedAgency, startSearchedAgency } from '../../../test/helpers/searched-agency.js';
import { idOf } from '../../../test/helpers/staff.js';
import { withOwner } from '../../database/owner.js';

let agency: SearchedAgency;
const ids: Record<string, number> = {};

beforeAll(async () => {
  agency = await startSearchedAgency();
  Object.assign(ids, agency.ids);
});
afterAll(() => agency?.app.close());

const results: SearchedAgency['results'] = (...asked) => agency.results(...asked);
const titles: SearchedAgency['titles'] = (...asked) => agency.titles(...asked);

describe('who finds what', () => {
  const clientsFound = async (by: string) =>
    (await results('sharma', by))
      .filter(({ kind, score }) => kind === 'client' && score >= 0.7)
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  const [all, first, third] = [
    () => [ids.sharma, ids.sharmaThree, ids.sharmaNowhere, ids.sharman],
    () => [ids.sharma, ids.sharman],
    () => [ids.sharmaThree],
  ];

  test.each([
    ['admin', all],
    ['root', all],
    ['manager1', first],
    ['manager2', third],
    ['branch1', first],
    ['branch3', third],
    ['consultant1', first],
    ['homeless', () => []],
    ['groupless', () => []],
  ])('%s: the clients in scope', async (by, expected) => {
    expect(await clientsFound(by)).toEqual(expected());
  });

  test('misspelt as well', async () => {
    expect((await results('sharme', 'branch3')).map(({ id, kind }) => [kind, id])).toEqual(
      expect.arrayContaining([['client', ids.sharmaThree]]),
    );
    for (const by of ['branch3', 'homeless']) {
      for (const q of ['ramseh', 'shresta', 'TRN-8821-XK', 'STU70045521']) {
        const clients = (await results(q, by)).map(({ client }) => client);
        expect(clients).not.toContain(ids.sharma);
        expect(clients).not.toContain(ids.shrestha);
      }
    }
  });

  test('applications of clients in scope, however they are found', async () => {
    const found = async (q: string, by: string) =>
      (await results(q, by))
        .filter(({ kind }) => kind.endsWith('_application'))
        .map(({ id, kind }) => [kind, id]);
    expect(await found('TRN-8812-XK', 'branch3')).not.toContainEqual(['visa_application', ids.visa]);
    expect(await found('sub-500', 'branch3')).toEqual([['visa_application', ids.visaThree]]);
    expect(await found('sub-500', 'branch1')).toEqual([['visa_application', ids.visa]]);
    expect(await found('uow', 'branch3')).toEqual([['college_application', ids.collegeThree]]);
    expect(await found('uow', 'branch1')).toEqual([['college_application', ids.college]]);
    for (const q of ['sub-500', 'uow', 'TRN-8812-XK', 'STU70045512', 'sharma'])
      expect(await found(q, 'homeless')).toEqual([]);
  });

  test('kinds that one may not see are left out', async () => {
    const kinds = async (by: string) => {
      const found = await Promise.all(
        ['ramesh', 'shrestha', 'uow', 'everest', 'trn-88', 'stu7004'].map((q) => results(q, by)),
      );
      return [...new Set(found.flat().map(({ kind }) => kind))].sort();
    };
    expect(await kinds('admin')).toEqual([
      'agent',
      'client',
      'college_application',
      'institute',
      'visa_application',
    ]);
    expect(await kinds('branch1')).toEqual([
      'agent',
      'client',
      'college_application',
      'institute',
      'visa_application',
    ]);
    expect(await kinds('consultant1')).toEqual(['client', 'institute', 'visa_application']);
    expect(await kinds('groupless')).toEqual(['institute']);
  });

  test('a permission of one’s own counts, and that of one kind opens no other', async () => {
    await withOwner(agency.app.databases.admin, (client) =>
      client.query(
        `SET search_path TO tenant_main;
         INSERT INTO immigration_user_user_permissions (user_id, permission_id)
         SELECT ${idOf('groupless')}, id FROM auth_permission WHERE codename = 'view_agent'`,
      ),
    );
    // The process drops the cached user when the database's notice arrives.
    await expect
      .poll(async () => new Set((await results('everest', 'groupless')).map(({ kind }) => kind)))
      .toEqual(new Set(['agent']));
    expect(await titles('ramesh', 'groupless')).toEqual([]);
  });

  test('nobody without a token, nobody with another agency’s', async () => {
    expect((await agency.app.ask('GET', '/api/v1/search/?q=sharma')).status).toBe(401);
    const elsewhere = await agency.app.logIn('admin', 'demo');
    expect((await agency.app.ask('GET', '/api/v1/search/?q=sharma', { token: elsewhere })).status).toBe(401);
    const there = await agency.app.ask('GET', '/api/v1/search/?q=sharma', { host: 'demo', token: elsewhere });
    expect([there.status, there.body]).toEqual([200, { results: [] }]);
  });
});

// Last, since it removes the extension.
describe('without pg_trgm', () => {
  test('what contains the words is found, what only resembles them is not', async () => {
    await withOwner(agency.app.databases.admin, (client) => client.query('DROP EXTENSION pg_trgm CASCADE'));
    expect((await results('ramesh sharma'))[0]).toMatchObject({ kind: 'client', id: ids.sharma });
    expect((await results('欧阳小明'))[0]).toMatchObject({ kind: 'client', id: ids.chinese });
    expect(await results('sharme')).toEqual([]);
    expect((await results('trn-8812'))[0]).toMatchObject({ kind: 'visa_application', id: ids.visa });
    expect((await agency.ask({ q: 'sharma' }, 'consultant1')).status).toBe(200);
  });
});
