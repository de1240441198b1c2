import { Type } from '@sinclair/typebox';
import { CATALOGUE_COUNTRIES, readCatalogue } from '../../catalogues/catalogue.js';
import { loadCatalogue } from '../../catalogues/load.js';
import type { Database } from '../../database/database.js';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { choice } from '../../http/fields/text.js';
import { superAdmin } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';

const PATH = '/api/v1/starter-catalogues/';
const tag = 'starter-catalogues';

const StarterCatalogue = component(
  'StarterCatalogue',
  Type.Object({
    country: Type.Unsafe<string>({ type: 'string', enum: [...CATALOGUE_COUNTRIES] }),
    name: Type.String(),
    visa_categories: Type.Array(
      Type.Object({
        name: Type.String(),
        code: Type.String(),
        types: Type.Array(Type.Object({ name: Type.String(), code: Type.String() })),
      }),
    ),
    course_levels: Type.Array(Type.String()),
    broad_fields: Type.Array(Type.String()),
    language_exams: Type.Array(Type.String()),
    application_types: Type.Array(Type.Object({ title: Type.String(), stages: Type.Array(Type.String()) })),
  }),
);

const count = () => Type.Integer({ description: 'how many were added' });
const StarterCatalogueLoaded = component(
  'StarterCatalogueLoaded',
  Type.Object({
    country: Type.String(),
    added: Type.Object({
      visa_categories: count(),
      visa_types: count(),
      course_levels: count(),
      broad_fields: count(),
      narrow_fields: count(),
      language_exams: count(),
      application_types: count(),
    }),
  }),
);

const LoadRequest = body('StarterCatalogueLoadRequest', { country: required(choice(CATALOGUE_COUNTRIES)) });

/** Returns the routes of the starter catalogues, by country; for SUPER_ADMIN only. */
export function starterCatalogueRoutes(database: Database): RouteDefinition[] {
  return [
    route({
      method: 'GET',
      path: PATH,
      tag,
      summary: 'The catalogues of visas, levels and fields of study, exams and stages, by country.',
      policy: superAdmin,
      response: Type.Array(StarterCatalogue),
      handler: async () => {
        const catalogues = await Promise.all(CATALOGUE_COUNTRIES.map(readCatalogue));
        return catalogues.map(({ broad_fields, language_exams, ...catalogue }) => ({
          ...catalogue,
          broad_fields: broad_fields.map(({ name }) => name),
          language_exams: language_exams.map(({ name }) => name),
        }));
      },
    }),
    route({
      method: 'POST',
      path: `${PATH}load/`,
      tag,
      summary: 'Adds the records of a catalogue that the agency lacks; existing ones stay as they are.',
      policy: superAdmin,
      body: LoadRequest,
      response: StarterCatalogueLoaded,
      errors: [400],
      handler: async ({ context, body }) => {
        const { country } = body.read();
        return { country, added: await loadCatalogue(database, context, country) };
      },
    }),
  ];
}
