import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { PlainError } from '../platform/plain-error.js';

/** The countries for which there is a catalogue, as commands and the API name them. */
export const CATALOGUE_COUNTRIES = ['au', 'ca', 'nz', 'uk', 'us'] as const;
export type CatalogueCountry = (typeof CATALOGUE_COUNTRIES)[number];

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const description = Type.Optional(Type.String());
const checklist = Type.Optional(Type.Array(Type.String({ minLength: 1 })));
const exact = { additionalProperties: false } as const;

const LanguageExam = Type.Object(
  { name: text(100), validity_term: Type.Integer({ minimum: 0, maximum: 100 }), description: Type.String() },
  exact,
);
const ApplicationType = Type.Object(
  {
    title: text(255),
    description: Type.String(),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    tax_name: Type.String({ maxLength: 100 }),
    tax_percentage: Type.String({ pattern: '^\\d{1,2}\\.\\d\\d$' }),
    stages: Type.Array(text(100), { minItems: 1, uniqueItems: true }),
  },
  exact,
);
const VisaType = Type.Object({ name: text(100), code: text(50), description, checklist }, exact);
const VisaCategory = Type.Object(
  {
    name: text(100),
    code: text(20),
    description: Type.String(),
    checklist,
    types: Type.Array(VisaType, { minItems: 1 }),
  },
  exact,
);
const Shared = Type.Object(
  {
    language_exams: Type.Array(LanguageExam),
    fields_of_study: Type.Record(Type.String(), Type.Record(text(100), Type.Array(text(100)))),
  },
  exact,
);
const Country = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    fields_of_study: Type.String(),
    language_exams: Type.Array(Type.String()),
    course_levels: Type.Array(text(100), { uniqueItems: true }),
    application_types: Type.Array(ApplicationType),
    visa_categories: Type.Array(VisaCategory),
  },
  exact,
);

/** The starter records of an agency that works with one country. */
export interface Catalogue {
  readonly country: CatalogueCountry;
  /** `Australia` */
  readonly name: string;
  readonly course_levels: readonly string[];
  readonly broad_fields: readonly { readonly name: string; readonly narrow_fields: readonly string[] }[];
  readonly language_exams: readonly Static<typeof LanguageExam>[];
  readonly application_types: readonly Static<typeof ApplicationType>[];
  readonly visa_categories: readonly {
    readonly name: string;
    readonly code: string;
    readonly description: string;
    readonly types: readonly {
      readonly name: string;
      readonly code: string;
      readonly description: string;
      readonly checklist: readonly string[];
    }[];
  }[];
}

const DIRECTORY = join(PACKAGE_ROOT, 'data', 'catalogues');
const kept = new Map<CatalogueCountry, Promise<Catalogue>>();

/**
 * Reads a country's catalogue from data/catalogues, once per process.
 * @throws PlainError that names the file and the place in it when it is malformed
 */
export async function readCatalogue(country: CatalogueCountry): Promise<Catalogue> {
  const reading = kept.get(country) ?? read(country);
  kept.set(country, reading);
  return await reading.catch((error: unknown) => {
    kept.delete(country); // the file may be fixed
    throw error;
  });
}

async function read(country: CatalogueCountry): Promise<Catalogue> {
  const [shared, own] = await Promise.all([
    readYaml('shared.yaml', Shared),
    readYaml(`${country}.yaml`, Country),
  ]);
  const unknown = (what: string) =>
    new PlainError(`data/catalogues/${country}.yaml: shared.yaml has no ${what}`);
  const fields = shared.fields_of_study[own.fields_of_study];
  if (!fields) throw unknown(`fields_of_study "${own.fields_of_study}"`);
  return {
    country,
    name: own.name,
    course_levels: own.course_levels,
    broad_fields: Object.entries(fields).map(([name, narrow_fields]) => ({ name, narrow_fields })),
    language_exams: own.language_exams.map((name) => {
      const exam = shared.language_exams.find((known) => known.name === name);
      if (!exam) throw unknown(`language exam "${name}"`);
      return exam;
    }),
    application_types: own.application_types,
    visa_categories: own.visa_categories.map(({ checklist: common = [], types, ...category }) => ({
      ...category,
      types: types.map((type) => ({
        name: type.name,
        code: type.code,
        description: type.description ?? '',
        checklist: [...new Set([...common, ...(type.checklist ?? [])])],
      })),
    })),
  };
}

async function readYaml<S extends TSchema>(name: string, schema: S): Promise<Static<S>> {
  // Loaded on demand: most commands never read a catalogue.
  const [{ parse }, { Value }] = await Promise.all([import('yaml'), import('@sinclair/typebox/value')]);
  const said = (problem: string) => new PlainError(`data/catalogues/${name}: ${problem}`);
  let content: unknown;
  try {
    content = parse(await readFile(join(DIRECTORY, name), 'utf8'));
  } catch (error) {
    throw said((error as Error).message.split('\n')[0] ?? 'cannot be read');
  }
  const wrong = Value.Errors(schema, content).First();
  if (wrong) throw said(`${wrong.path || '/'}: ${wrong.message}`);
  return content as Static<S>;
}
