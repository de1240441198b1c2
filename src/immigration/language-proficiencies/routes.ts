import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { clientRecordPolicy } from '../shared/client-records.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { ProficiencyOutput, ProficiencyPatch, ProficiencyRequest } from './schemas.js';
import { listProficiencies, proficiencies } from './selectors.js';
import { createProficiency, deleteProficiency, updateProficiency } from './services.js';

const filters = {
  client_id: Type.Integer(),
  test_name_id: Type.Integer(),
  test_date: Type.String({ format: 'date' }),
};

/** Returns the routes of clients' results of language exams. */
export function languageProficiencyRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/language-proficiencies/',
    tag: 'language-proficiencies',
    kind: 'proficiency',
    one: "a client's result of a language exam",
    many: "clients' results of language exams",
    policy: clientRecordPolicy,
    output: ProficiencyOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => listProficiencies(transaction, user, query, page), {
      query: filters,
    }),
    routes.create(ProficiencyRequest, createProficiency),
    routes.read((transaction, user, id) => proficiencies.read(transaction, user, id)),
    ...routes.change(
      { PUT: ProficiencyRequest, PATCH: ProficiencyPatch },
      (transaction, user, id, read, request) => updateProficiency(transaction, user, id, read, request),
    ),
    routes.remove(deleteProficiency),
  ];
}
