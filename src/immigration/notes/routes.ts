import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { notePolicy } from './policy.js';
import { NoteCreate, NoteOutput, NotePatch, NoteUpdate } from './schemas.js';
import { listNotes, notes } from './selectors.js';
import { createNote, deleteNote, updateNote } from './services.js';

/** Returns the routes of staff's notes about clients. */
export function noteRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/notes/',
    tag: 'notes',
    kind: 'note',
    policy: notePolicy,
    output: NoteOutput,
  });
  return [
    routes.list((transaction, user, page, { query }) => listNotes(transaction, user, query, page), {
      query: { author: Type.Integer(), client: Type.Integer() },
    }),
    routes.create(NoteCreate, createNote),
    routes.read((transaction, user, id) => notes.read(transaction, user, id)),
    ...routes.change({ PUT: NoteUpdate, PATCH: NotePatch }, updateNote),
    routes.remove(deleteNote),
  ];
}
