import { expect, test } from 'vitest';
import { CATALOGUE_COUNTRIES, readCatalogue } from './catalogue.js';

const catalogues = await Promise.all(CATALOGUE_COUNTRIES.map(readCatalogue));

test.each(catalogues.map((catalogue) => [catalogue.country, catalogue] as const))(
  'the catalogue %s has all that a visa and a college application need',
  (_country, catalogue) => {
    expect(catalogue.visa_categories.length).toBeGreaterThan(5);
    const types = catalogue.visa_categories.flatMap((category) => category.types);
    expect(types.length).toBeGreaterThan(20);
    // Whatever the visa, somebody needs a passport.
    for (const { name, checklist } of types) expect([name, checklist[0]]).toEqual([name, 'Passport']);
    expect(catalogue.course_levels.length).toBeGreaterThan(5);
    expect(catalogue.broad_fields.length).toBeGreaterThan(5);
    for (const { narrow_fields } of catalogue.broad_fields) expect(narrow_fields).not.toEqual([]);
    expect(catalogue.language_exams.length).toBeGreaterThan(4);
    for (const { stages } of catalogue.application_types) expect(stages.at(-1)).toBe('Enrolled');
  },
);

test.each([
  ['au', ['500', '485-PHEW', '189', '190', '491', '186', '482', '820/801', '309/100', '600', '103', '143']],
  ['ca', ['SP', 'PGWP', 'FSW', 'CEC', 'FST', 'PNP', 'LMIA', 'IMP', 'TRV', 'SUPER', 'SPOUSE-IN']],
  ['nz', ['FPSV', 'PSWV', 'AEWV', 'SMC', 'STR', 'PNZR', 'VV']],
  ['uk', ['STUDENT', 'CHILD-STUDENT', 'GRADUATE', 'SW', 'HCW', 'GTV', 'HPI', 'SPOUSE', 'ILR-SW']],
  ['us', ['F-1', 'J-1', 'M-1', 'H-1B', 'L-1A', 'O-1', 'B-1/B-2', 'EB-2', 'FB-2A', 'IR-1/CR-1', 'OPT']],
])('%s has the visas that agencies there work with', async (country, codes) => {
  const catalogue = catalogues.find((each) => each.country === country);
  const known = catalogue?.visa_categories.flatMap(({ types }) => types.map(({ code }) => code));
  expect(known).toEqual(expect.arrayContaining(codes));
});

test('no two visas of one category have the same name or code, of all countries together', () => {
  const seen = new Set<string>();
  for (const { country, visa_categories } of catalogues) {
    for (const { code: category, types } of visa_categories) {
      for (const { name, code } of types) {
        for (const key of [`${category} ${name}`, `${category} ${code}`]) {
          expect([country, seen.has(key.toLowerCase()) && key]).toEqual([country, false]);
        }
        seen.add(`${category} ${name}`.toLowerCase()).add(`${category} ${code}`.toLowerCase());
      }
    }
  }
});

test('no two categories of one country have the same name or code', () => {
  for (const { visa_categories } of catalogues) {
    for (const key of ['name', 'code'] as const) {
      const values = visa_categories.map((category) => category[key].toLowerCase());
      expect([...new Set(values)]).toEqual(values);
    }
  }
});
