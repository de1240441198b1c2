import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import type { RouteDefinition } from '../../routing/route.js';
import { catalogPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { createVisaCategory, deleteVisaCategory, updateVisaCategory } from './categories.js';
import {
  VisaCategoryOutput,
  VisaCategoryPatch,
  VisaCategoryRequest,
  VisaTypeCreate,
  VisaTypeOutput,
  VisaTypePatch,
} from './schemas.js';
import { listVisaCategories, listVisaTypes, visaCategories, visaTypes } from './selectors.js';
import { createVisaType, deleteVisaType, updateVisaType } from './services.js';

/** Returns the routes of the visa types for which clients apply. */
export function visaTypeRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/visa-types/',
    tag: 'visa-types',
    kind: 'visatype',
    policy: catalogPolicy('visatype'),
    output: VisaTypeOutput,
  });
  return [
    routes.list((transaction, _user, page, { query }) => listVisaTypes(transaction, query, page), {
      query: { search: Type.String(), visa_category_id: Type.Integer() },
      largest: 1000,
    }),
    routes.create(VisaTypeCreate, createVisaType),
    routes.read((transaction, _user, id) => visaTypes.read(transaction, id)),
    ...routes.change({ PATCH: VisaTypePatch }, updateVisaType),
    routes.remove(deleteVisaType, [404], REFUSED),
  ];
}

/** Returns the routes of visa categories. */
export function visaCategoryRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/visa-categories/',
    tag: 'visa-categories',
    kind: 'visacategory',
    policy: catalogPolicy('visacategory'),
    output: VisaCategoryOutput,
  });
  return [
    routes.array((transaction) => listVisaCategories(transaction)),
    routes.create(VisaCategoryRequest, createVisaCategory),
    routes.read((transaction, _user, id) => visaCategories.read(transaction, id)),
    ...routes.change({ PUT: VisaCategoryRequest, PATCH: VisaCategoryPatch }, (transaction, user, id, body) =>
      updateVisaCategory(transaction, user, id, body),
    ),
    routes.remove(deleteVisaCategory, [404], REFUSED),
  ];
}
