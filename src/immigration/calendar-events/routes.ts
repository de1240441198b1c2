import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { ownPolicy, refusedByRecord } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { EventCreate, EventOutput, EventPatch } from './schemas.js';
import { eventPageSizes, listEvents, readEvent, todaysEvents, upcomingEvents } from './selectors.js';
import { createEvent, deleteEvent, updateEvent } from './services.js';

const moment = (description: string) => Type.String({ format: 'date-time', description });
const filters = {
  assigned_to: Type.Integer(),
  branch: Type.Integer(),
  end_date: moment('begins before this moment; a bare date: that day included, at the agency'),
  search: Type.String(),
  start_date: moment('ends after this moment; a bare date: from that day on'),
};

/** Returns the routes of the staff's calendar. Everybody has their own events; permissions open those of the team. */
export function calendarEventRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/events/',
    tag: 'events',
    kind: 'calendarevent',
    one: 'a calendar event',
    many: 'calendar events',
    policy: ownPolicy,
    output: EventOutput,
  });
  return refusedByRecord([
    routes.list(listEvents, {
      query: filters,
      sizes: eventPageSizes,
      summary:
        'The calendar events that the user may see. Without a range, upcoming ones come first; with `start_date` and `end_date`, the whole range, up to 1,000.',
    }),
    routes.create(EventCreate, createEvent),
    routes.list(todaysEvents, {
      at: 'today/',
      summary: "The calendar events of today, in the tenant's time zone.",
      errors: [404],
    }),
    routes.list(upcomingEvents, {
      at: 'upcoming/',
      summary: 'The calendar events that begin within the next days, seven if not given.',
      query: { days: Type.Integer() },
    }),
    routes.read(readEvent),
    ...routes.change({ PATCH: EventPatch }, updateEvent),
    routes.remove(deleteEvent),
  ]);
}
