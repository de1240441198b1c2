import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Static, TSchema } from '@sinclair/typebox';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { PlainError } from '../platform/plain-error.js';
import type { ApplicationType, LanguageExam } from './forms.js';

/** The countries for which there is a catalogue, as commands and the API name them. */
export const CATALOGUE_COUNTRIES = ['au', 'ca', 'nz', 'uk', 'us'] as const;
export type CatalogueCountry = (typeof CATALOGUE_COUNTRIES)[number];

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
  // Loaded on demand: most commands never read a catalogue.
  const { Country, Shared } = await import('./forms.js');
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
