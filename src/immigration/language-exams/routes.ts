import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import type { RouteDefinition } from '../../routing/route.js';
import { catalogPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { LanguageExamOutput, LanguageExamPatch, LanguageExamRequest } from './schemas.js';
import { languageExams, listLanguageExams } from './selectors.js';
import { createLanguageExam, deleteLanguageExam, updateLanguageExam } from './services.js';

/** Returns the routes of language exams that staff choose from: IELTS, PTE and the like. */
export function languageExamRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/language-exams/',
    tag: 'language-exams',
    kind: 'lpe',
    policy: catalogPolicy('lpe'),
    output: LanguageExamOutput,
  });
  return [
    routes.list((transaction, _user, page, { query }) => listLanguageExams(transaction, query, page), {
      query: { name: Type.String() },
      errors: [404],
    }),
    routes.create(LanguageExamRequest, createLanguageExam),
    routes.read((transaction, _user, id) => languageExams.read(transaction, id)),
    ...routes.change(
      { PUT: LanguageExamRequest, PATCH: LanguageExamPatch },
      (transaction, user, id, read, request) => updateLanguageExam(transaction, user, id, read, request),
    ),
    routes.remove(deleteLanguageExam, [404], REFUSED),
  ];
}
