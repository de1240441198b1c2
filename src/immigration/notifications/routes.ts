import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { detailError } from '../../http/errors.js';
import { requireArgument } from '../../http/fields/arguments.js';
import { isId } from '../../http/path-id.js';
import { ErrorText } from '../../routing/openapi/route-schema.js';
import { pageAnswer, pageParameters, pageSchema, readPage } from '../../routing/pagination.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { notificationPolicy } from './policy.js';
import {
  BulkMarkRead,
  MarkedReadCount,
  NotificationOutput,
  NotificationPatch,
  NotificationUpdate,
  UnreadCount,
} from './schemas.js';
import {
  listNotifications,
  notificationById,
  overdueNotifications,
  shown,
  unreadCount,
} from './selectors.js';
import { changeNotification, markManyRead, markRead } from './services.js';

const PATH = '/api/v1/notifications/';
const RECORD = `${PATH}:id/`;
const common = { tag: 'notifications', policy: notificationPolicy.own } as const;
const otherAnswers = { 404: { description: 'not found', schema: ErrorText } };

/** Returns the id in the path; 0, which no record has, for an invalid one. */
function idIn({ params: { id = '' } }: UserRequest): number {
  const number = /^\d{1,16}$/.test(id) ? Number(id) : 0;
  return isId(number) ? number : 0;
}

const ownerOf = ({ tenant, user }: UserRequest) => ({ schema: tenant.schema, userId: user.id });

/**
 * Returns the routes of notifications, which are only visible to their own user.
 * @param includeReadDefault whether lists include read ones where the request does not say
 */
export function notificationRoutes(database: Database, includeReadDefault: boolean): RouteDefinition[] {
  return [
    route({
      ...common,
      method: 'GET',
      path: PATH,
      summary: "The user's notifications, newest first.",
      query: { include_read: Type.Boolean(), ...pageParameters(), type: Type.String() },
      response: pageSchema('PaginatedNotificationOutputList', NotificationOutput),
      errors: [403, 404],
      handler: async (request) => {
        const page = readPage(request);
        const filters = {
          includeRead: request.query.boolean('include_read') ?? includeReadDefault,
          types: request.query.choices('type'),
        };
        const found = await database.tenantTransaction(request.context, (transaction) =>
          listNotifications(transaction, request.user.id, filters, page),
        );
        return pageAnswer(request, page, found);
      },
    }),
    route({
      ...common,
      method: 'POST',
      path: `${PATH}bulk_mark_read/`,
      summary: "Marks several of the user's notifications as read.",
      body: BulkMarkRead,
      response: MarkedReadCount,
      errors: [400, 403],
      handler: async (request) => {
        requireArgument(request.raw, 'notification_ids', 'notification_ids is required');
        const ids = request.body.read().notification_ids;
        const count = await database.tenantTransaction(request.context, (transaction) =>
          markManyRead(transaction, ownerOf(request), ids),
        );
        return { marked_read_count: count };
      },
    }),
    route({
      ...common,
      method: 'GET',
      path: `${PATH}overdue/`,
      summary: "The user's notifications past their due date and not completed, earliest due first.",
      response: Type.Array(NotificationOutput),
      errors: [403],
      handler: async ({ context, user }) =>
        (await database.tenantQuery(context, overdueNotifications(user.id))).map(shown),
    }),
    route({
      ...common,
      method: 'GET',
      path: `${PATH}unread_count/`,
      keepsAnswers: true,
      summary: 'How many notifications the user has not read.',
      response: UnreadCount,
      errors: [403],
      handler: async ({ context, user }) => (await database.tenantQuery(context, unreadCount(user.id)))[0],
    }),
    route({
      ...common,
      method: 'GET',
      path: RECORD,
      summary: "One of the user's notifications.",
      response: NotificationOutput,
      errors: [403, 404],
      handler: async (request) => {
        const query = notificationById(request.user.id, idIn(request));
        const [found] = await database.tenantQuery(request.context, query);
        if (!found) throw detailError(404, 'Not found.');
        return shown(found);
      },
    }),
    route({
      ...common,
      method: 'POST',
      path: `${RECORD}mark_read/`,
      summary: "Marks one of the user's notifications as read.",
      response: NotificationOutput,
      errors: [403],
      otherAnswers,
      handler: async (request) =>
        await database.tenantTransaction(request.context, (transaction) =>
          markRead(transaction, ownerOf(request), idIn(request)),
        ),
    }),
    ...[
      { method: 'PUT', body: NotificationUpdate } as const,
      { method: 'PATCH', body: NotificationPatch } as const,
    ].map((change) =>
      route({
        ...common,
        ...change,
        path: `${RECORD}update_notification/`,
        summary: "Changes whether one of the user's notifications is read or completed.",
        response: NotificationOutput,
        errors: [400, 403],
        otherAnswers,
        handler: async (request) =>
          await database.tenantTransaction(request.context, (transaction) =>
            changeNotification(transaction, ownerOf(request), idIn(request), request.body),
          ),
      }),
    ),
  ];
}
