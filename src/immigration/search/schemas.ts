import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';

/** The searched kinds, in the order of kinds with equal scores. */
export const SEARCHED_KINDS = [
  'client',
  'visa_application',
  'college_application',
  'agent',
  'institute',
] as const;
export type SearchedKind = (typeof SEARCHED_KINDS)[number];

export const SearchResult = component(
  'SearchResult',
  Type.Object({
    kind: component(
      'SearchKindEnum',
      Type.Unsafe<SearchedKind>({ type: 'string', enum: [...SEARCHED_KINDS] }),
    ),
    id: Type.Integer(),
    title: Type.String(),
    subtitle: Type.String(),
    client: nullableSchema(Type.Integer({ description: 'the client that it is or belongs to' })),
    score: Type.Number({ description: '0 to 1; below 0.7: only similar' }),
  }),
);
export type SearchResult = Static<typeof SearchResult>;

export const SearchAnswer = component('SearchAnswer', Type.Object({ results: Type.Array(SearchResult) }));
