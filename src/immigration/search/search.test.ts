import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SearchedAgency, startSearchedAgency } from '../../../test/helpers/searched-agency.js';

let agency: SearchedAgency;
const ids: Record<string, number> = {};

beforeAll(async () => {
  agency = await startSearchedAgency();
  Object.assign(ids, agency.ids);
});
afterAll(() => agency?.app.close());

const results: SearchedAgency['results'] = (...asked) => agency.results(...asked);
const titles: SearchedAgency['titles'] = (...asked) => agency.titles(...asked);

describe('what is asked', () => {
  test.each([
    [{}, 'q', 'This field is required.'],
    [{ q: '  ' }, 'q', 'This field is required.'],
    [{ q: 'a' }, 'q', 'Ensure this field has at least 2 characters.'],
    [{ q: '王' }, 'q', 'Ensure this field has at least 2 characters.'],
    [{ q: '\u0301\u0302' }, 'q', 'Ensure this field has at least 2 characters.'],
    [{ q: 'x\u0302\u0301' }, 'q', 'Ensure this field has at least 2 characters.'],
    [{ q: 'a'.repeat(101) }, 'q', 'Ensure this field has no more than 100 characters.'],
    [{ q: 'a\0b' }, 'q', 'Null characters are not allowed.'],
    [{ q: 'ab', limit: '0' }, 'limit', 'Ensure this value is greater than or equal to 1.'],
    [{ q: 'ab', limit: '21' }, 'limit', 'Ensure this value is less than or equal to 20.'],
    [{ q: 'ab', limit: 'x' }, 'limit', 'A valid integer is required.'],
  ])('%j: 400 on %s', async (query, field, message) => {
    const answer = await agency.ask(query as Record<string, string>);
    expect([answer.status, answer.body]).toEqual([400, { [field]: [message] }]);
  });

  test('2 to 100 characters, which may be letters beyond the first plane', async () => {
    for (const q of ['ab', 'a'.repeat(100), '𠀀𠀁', '🙂🙂', '𠀀'.repeat(100), 'a '.repeat(49)])
      await results(q);
  });

  test('what has a meaning in patterns stands for itself', async () => {
    expect(await titles('100%')).toEqual(['client 100% a_b\\c']);
    expect(await titles('a_b')).toEqual(['client 100% a_b\\c']);
    expect(await titles('b\\c')).toEqual(['client 100% a_b\\c']);
    expect(await titles('%%')).toEqual([]);
    expect(await titles('__')).toEqual([]);
    expect(await titles("'; DROP")).toEqual([]);
  });

  test('at most so many of each kind', async () => {
    const of = async (limit: string) => {
      const found = await results('sharma', 'admin', limit);
      const counted = (kind: string) => found.filter((one) => one.kind === kind).length;
      return [counted('client'), counted('visa_application'), counted('college_application')];
    };
    expect(await of('1')).toEqual([1, 1, 1]);
    expect(await of('2')).toEqual([2, 2, 1]);
    expect((await of('20'))[0]).toBeGreaterThanOrEqual(4);
  });
});

describe('what is found', () => {
  test.each([
    ['ramesh', 'sharma'],
    ['RAMESH', 'sharma'],
    ['kumar', 'sharma'],
    ['Ramesh Sharma', 'sharma'],
    ['sharma ramesh', 'sharma'],
    ['ramesh kumar sharma', 'sharma'],
    ['  ramesh   sharma  ', 'sharma'],
    ['ram sha', 'sharma'],
    ['ramesh@example', 'sharma'],
    ['9841555', 'sharmaThree'],
  ])('a client by %j', async (q, who) => {
    const [first] = await results(q);
    expect(first).toMatchObject({ kind: 'client', id: ids[who], client: ids[who] });
  });

  test('fewer than three letters only where a word begins', async () => {
    const found = (await results('sh')).filter(({ kind }) => kind === 'client').map(({ id }) => id);
    expect(found).toContain(ids.sharma);
    expect(found).toContain(ids.shrestha);
    expect(await results('ar')).toEqual([]);
    expect((await results('ra sh'))[0]).toMatchObject({ id: ids.sharma });
  });

  test('a client with the name and how to reach them', async () => {
    const [first] = await results('ramesh kumar');
    expect(first).toEqual({
      kind: 'client',
      id: ids.sharma,
      title: 'Ramesh Kumar Sharma',
      subtitle: 'ramesh@example.com',
      client: ids.sharma,
      score: 0.9,
    });
  });

  test('visa applications by reference number, client and visa type', async () => {
    const visa = { kind: 'visa_application', id: ids.visa, client: ids.sharma };
    const [first] = await results('trn-8812');
    expect(first).toEqual({
      ...visa,
      title: 'Ramesh Kumar Sharma',
      subtitle: 'Student Subclass · TO_BE_APPLIED · TRN-8812-XK',
      score: 0.9,
    });
    expect(await results('ramesh')).toContainEqual(expect.objectContaining(visa));
    expect(await results('sub-500')).toContainEqual(expect.objectContaining(visa));
    expect(await results('student sub')).toContainEqual(expect.objectContaining(visa));
  });

  test('college applications by student’s id, client and institute', async () => {
    const college = { kind: 'college_application', id: ids.college, client: ids.shrestha };
    const [first] = await results('STU70045512');
    expect(first).toMatchObject({ ...college, title: 'Anjali Shrestha', score: 1 });
    expect(first?.subtitle).toMatch(/^University of Wollongong · .+ · STU70045512$/);
    expect(await results('anjali')).toContainEqual(expect.objectContaining(college));
    expect(await results('uow')).toContainEqual(expect.objectContaining(college));
    expect(await results('wollongong')).toContainEqual(expect.objectContaining(college));
  });

  test('agents and institutes', async () => {
    expect(await results('everest')).toEqual([
      {
        kind: 'agent',
        id: ids.agent,
        title: 'Gopal Bista',
        subtitle: 'Everest Consultants · gopal@everest.example.com',
        client: null,
        score: 0.9,
      },
    ]);
    expect((await results('uow'))[0]).toEqual({
      kind: 'institute',
      id: ids.institute,
      title: 'University of Wollongong',
      subtitle: 'UOW',
      client: null,
      score: 1,
    });
  });

  test('nothing of what is archived, or belongs to an archived client', async () => {
    const found = [
      ...(await results('sharma')),
      ...(await results('radha')),
      ...(await results('TRN-8814-XK')),
      ...(await results('STU70045514')),
    ];
    const names = (kind: string) => found.filter((one) => one.kind === kind).map(({ id }) => id);
    expect(names('client')).not.toContain(ids.archived);
    expect(names('visa_application')).not.toContain(ids.visaArchived);
    expect(names('college_application')).not.toContain(ids.collegeArchived);
    expect(await titles('wollongong closed')).not.toContain('institute Wollongong Closed');
    expect(await titles('everest left')).not.toContain('agent Everest Left');
  });

  test('each record once', async () => {
    const found = await results('sharma');
    expect(new Set(found.map(({ kind, id }) => `${kind} ${id}`)).size).toBe(found.length);
  });
});

describe('the order', () => {
  test('what is just that, then what begins with it, then what has a word beginning so, then inside', async () => {
    for (const first_name of ['Xanax', 'Zenobia', 'Zeno', 'Mid Zeno', 'Azeno', 'Zenu']) {
      await agency.insertClient({ first_name, last_name: '', country: 'AU' });
    }
    const found = await results('zeno');
    expect(found.map(({ title }) => title)).toEqual(['Zeno', 'Zenobia', 'Mid Zeno', 'Azeno']);
    expect(found.map(({ score }) => score)).toEqual([1, 0.9, 0.8, 0.7]);
  });

  test('then what is spelt nearly so, unless something is just that', async () => {
    for (const first_name of ['Ottoline', 'Otoline', 'Ottolino']) {
      await agency.insertClient({ first_name, last_name: 'Quist', country: 'AU' });
    }
    const found = await results('ottoline');
    expect(found.map(({ title }) => title)).toEqual(['Ottoline Quist', 'Ottolino Quist', 'Otoline Quist']);
    expect(found.map(({ score }) => score)).toEqual([0.9, 0.585, 0.585]);
    expect(await titles('Ottoline Quist')).toEqual(['client Ottoline Quist']);
  });

  test('a client before their applications', async () => {
    const [first, second] = await results('ramesh sharma');
    expect([first?.kind, second?.kind]).toEqual(['client', 'visa_application']);
  });
});

describe('misspelt', () => {
  test.each([
    ['sharme', 'sharma'],
    ['shrama', 'sharma'],
    ['ramseh sharma', 'sharma'],
    ['rameshh sharma', 'sharma'],
    ['ramesh sherma', 'sharma'],
    ['shresta', 'shrestha'],
    ['shreshta', 'shrestha'],
    ['anjli', 'shrestha'],
    ['anjaly shrestha', 'shrestha'],
    ['nguyem', 'vietnamese'],
    ['ngueyn thi huong', 'vietnamese'],
    ['shar ramseh', 'sharma'],
    ['गुरुग', 'nepali'],
    ['सिता', 'nepali'],
  ])('a client by %j', async (q, who) => {
    const found = (await results(q)).filter(({ kind }) => kind === 'client');
    expect(found.map(({ id }) => id).slice(0, 5)).toContain(ids[who]);
    const hit = found.find(({ id }) => id === ids[who]);
    expect(hit?.score).toBeLessThan(0.7);
    expect(hit?.score).toBeGreaterThan(0);
  });

  test.each([
    ['wollongng', 'institute'],
    ['universty of wollongong', 'institute'],
    ['evrest', 'agent'],
  ])('and other records: %j', async (q, what) => {
    expect((await results(q)).map(({ id }) => id)).toContain(ids[what]);
  });

  test('but no numbers: the one beside it is somebody else’s', async () => {
    for (const q of ['TRN-8821-XK', 'STU70045521', '9841555132']) expect(await results(q)).toEqual([]);
  });

  test('but not what is something else', async () => {
    expect(await titles('zzyzx')).toEqual([]);
    expect(await titles('qwertyuiop')).toEqual([]);
    expect(await titles('ramesh wollongong')).toEqual([]);
    expect(await titles('ram')).not.toContain('client Tom Sharman');
  });
});

describe('names in other scripts', () => {
  test.each([
    ['सीता', 'nepali'],
    ['गुरुङ', 'nepali'],
    ['सीता गुरुङ', 'nepali'],
    ['欧阳', 'chinese'],
    ['小明', 'chinese'],
    ['欧阳小明', 'chinese'],
    ['欧阳 小明', 'chinese'],
    ['阳小', 'chinese'],
    ['小明欧阳', 'chinese'],
    ['小明 欧阳', 'chinese'],
    ['Nguyễn', 'vietnamese'],
    ['NGUYỄN', 'vietnamese'],
    ['nguyễn thị hương', 'vietnamese'],
    ['Nguyễn'.normalize('NFD'), 'vietnamese'],
    ['nguyen', 'vietnamese'],
    ['nguyen thi huong', 'vietnamese'],
    ['huong', 'vietnamese'],
    ['Hương Nguyen', 'vietnamese'],
    ['dang', 'barred'],
    ['Đặng', 'barred'],
  ])('a client by %s', async (q, who) => {
    const [first] = await results(q);
    expect(first).toMatchObject({ kind: 'client', id: ids[who] });
    expect(first?.score).toBeGreaterThanOrEqual(0.7);
  });
});
