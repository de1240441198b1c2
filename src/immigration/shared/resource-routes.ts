import { type TSchema, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import type { MaybePending, TenantTransaction } from '../../database/tenant-transaction.js';
import { COMPONENT } from '../../http/component.js';
import { type HttpError, notFound } from '../../http/errors.js';
import type { Body, Input, LateInput, Shape } from '../../http/fields/body.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { pathId } from '../../http/path-id.js';
import { KINDS, type Model } from '../../kinds/kinds.js';
import { ErrorText } from '../../routing/openapi/route-schema.js';
import {
  type PageOf,
  type PageRequest,
  type PageSizes,
  pageAnswer,
  pageParameters,
  pageSchema,
  readPage,
} from '../../routing/pagination.js';
import type { Policy } from '../../routing/policy.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import type { ResourcePolicy } from './resource-policy.js';

/** The names of its records: those of their kind, or its own. */
type Called =
  | { readonly kind: Model; readonly one?: string; readonly many?: string }
  | {
      readonly kind?: never;
      /** The name of one in answers: "<Thing> not found". */
      readonly thing: string;
      /** Singular and plural for the documentation: `an agent`, `agents`. */
      readonly one: string;
      readonly many: string;
    };

/** The options shared by the routes of one resource. */
export type ResourceOptions = Called & {
  /** `/api/v1/agents/` */
  readonly path: string;
  readonly tag: string;
  readonly policy: ResourcePolicy;
  /**
   * The `{"error"}` answers for a missing record, where they are used: the 404 of reading it, and that of other
   * actions.
   */
  readonly missing?: { readonly read: () => HttpError; readonly change: () => HttpError };
  /** The API's form of one of them. */
  readonly output: TSchema;
};

interface ListOptions {
  readonly query?: Readonly<Record<string, TSchema>>;
  /** The path after the resource's: `assignable/`. */
  readonly at?: string;
  readonly summary?: string;
  readonly policy?: Policy;
  readonly output?: TSchema;
  /** Maximum `page_size`. */
  readonly largest?: number;
  /** Default `page_size`. */
  readonly usual?: number;
  /** Returns other sizes for some requests; undefined for those above. */
  readonly sizes?: (query: QueryParameters) => PageSizes | undefined;
  /** False where it must not come from a replica; see `RouteDefinition`. */
  readonly fromReplica?: boolean;
  /** Statuses besides 401 and 403. */
  readonly errors?: readonly number[];
}

/** A handler that gets its transaction first; the request comes last, for the few that need more of it. */
type Finder<Result> = (
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  request: UserRequest,
) => MaybePending<Result>;

/** A handler that also reads a body, which it does after it has found the record. */
type Writer<Given> = (
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<Given>,
  request: UserRequest,
) => MaybePending<unknown>;

type BodyRequest<S extends Shape> = UserRequest & { readonly body: LateInput<Input<S>> };

type RecordRoute<S extends Shape> = Pick<RouteDefinition, 'method' | 'summary' | 'policy'> &
  Partial<Omit<RouteDefinition, 'handler' | 'body'>> & { readonly body?: Body<S> };

type ActionOptions<S extends Shape> = Omit<RecordRoute<S>, 'method' | 'response'> & {
  readonly method?: 'POST' | 'GET';
  readonly output?: TSchema;
};

/** Returns the documented errors of viewing: the contract names 403 even where any signed-in user may view. */
function seeing(policy: Policy, errors: readonly number[]): readonly number[] {
  return policy.kind === 'signedIn' ? [403, ...errors] : errors;
}

/**
 * Returns the builders for the routes that nearly every resource has, each running one selector or service in one
 * tenant transaction. A resource's routes.ts lists those that it has and adds its own with `route`.
 */
export function resourceRoutes(database: Database, options: ResourceOptions) {
  const { path, tag, policy, output } = options;
  const { thing, one, many } = { ...(options.kind ? KINDS[options.kind] : options), ...options };
  const record = `${path}:id/`;
  const missing = options.missing ?? { read: () => notFound(thing), change: () => notFound(thing) };
  const notThere = options.missing ? { 404: { description: 'not found', schema: ErrorText } } : {};
  const idOf = ({ params, raw }: UserRequest) =>
    pathId(params.id, raw.method === 'GET' ? missing.read : missing.change);
  /** Declares a route for one record. @param work what runs in the transaction, given the request and the record's id */
  const recordRoute = <S extends Shape>(
    definition: RecordRoute<S>,
    work: (request: BodyRequest<S>, id: number) => (transaction: TenantTransaction) => MaybePending<unknown>,
  ) =>
    route<S>({
      path: record,
      tag,
      ...(definition.status !== 204 && { response: output }),
      errors: [404],
      otherAnswers: notThere,
      ...definition,
      handler: async (request) => {
        const id = idOf(request);
        return await database.tenantTransaction(request.context, work(request, id));
      },
    });

  return {
    /** Returns a paged list. @param find parses its filters from `request.query` before it queries the database */
    list(
      find: (
        transaction: TenantTransaction,
        user: CurrentUser,
        page: PageRequest,
        request: UserRequest,
      ) => MaybePending<PageOf<unknown>>,
      list: ListOptions = {},
    ): RouteDefinition {
      const item = list.output ?? output;
      return route({
        method: 'GET',
        path: path + (list.at ?? ''),
        tag,
        summary: list.summary ?? `The ${many} that the user may see.`,
        policy: list.policy ?? policy.see,
        fromReplica: list.fromReplica ?? true,
        query: { ...list.query, ...pageParameters(list.largest, list.usual) },
        response: pageSchema(`Paginated${item[COMPONENT]}List`, item),
        errors: seeing(list.policy ?? policy.see, list.errors ?? [400, 404]),
        handler: async (request) => {
          const page = readPage(request, list.sizes?.(request.query) ?? list);
          const found = await database.tenantTransaction(request.context, (transaction) =>
            find(transaction, request.user, page, request),
          );
          return pageAnswer(request, page, found);
        },
      });
    },

    /** Returns a list without pages, as an array. */
    array(
      find: (
        transaction: TenantTransaction,
        user: CurrentUser,
        request: UserRequest,
      ) => MaybePending<unknown[]>,
      list: Omit<ListOptions, 'largest' | 'usual' | 'sizes'> = {},
    ): RouteDefinition {
      return route({
        method: 'GET',
        path: path + (list.at ?? ''),
        tag,
        summary: list.summary ?? `The ${many} that the user may see.`,
        policy: list.policy ?? policy.see,
        fromReplica: list.fromReplica ?? true,
        ...(list.query && { query: list.query }),
        response: Type.Array(list.output ?? output),
        errors: seeing(list.policy ?? policy.see, list.errors ?? []),
        handler: async (request) =>
          await database.tenantTransaction(request.context, (transaction) =>
            find(transaction, request.user, request),
          ),
      });
    },

    create<S extends Shape>(
      body: Body<S>,
      write: (
        transaction: TenantTransaction,
        user: CurrentUser,
        input: Input<S>,
        request: UserRequest,
      ) => MaybePending<unknown>,
      status: 200 | 201 = 201,
    ): RouteDefinition {
      return route({
        method: 'POST',
        path,
        tag,
        summary: `Creates ${one}.`,
        policy: policy.create,
        body,
        status,
        response: output,
        errors: [400],
        handler: async (request) => {
          const given = request.body.read();
          return await database.tenantTransaction(request.context, (transaction) =>
            write(transaction, request.user, given, request),
          );
        },
      });
    },

    read(find: Finder<unknown>): RouteDefinition {
      return recordRoute(
        {
          method: 'GET',
          summary: `Reads ${one}.`,
          keepsAnswers: true,
          policy: policy.see,
          errors: seeing(policy.see, [404]),
        },
        (request, id) => (transaction) => find(transaction, request.user, id, request),
      );
    },

    /** Returns PUT and PATCH, or the one that is given: both change only what the body contains. */
    change<P extends Shape, Q extends Shape = P>(
      bodies: { readonly PUT?: Body<Q>; readonly PATCH: Body<P> },
      write: Writer<Input<P> | Input<Q>>,
    ): RouteDefinition[] {
      const change = <S extends P | Q>(method: 'PUT' | 'PATCH', body: Body<S>) =>
        recordRoute(
          {
            method,
            summary: `Changes what is given of ${one}.`,
            policy: policy.change,
            body,
            errors: [400, 404],
          },
          (request, id) => (transaction) =>
            write(transaction, request.user, id, request.body as LateInput<Input<P> | Input<Q>>, request),
        );
      return [...(bodies.PUT ? [change('PUT', bodies.PUT)] : []), change('PATCH', bodies.PATCH)];
    },

    /** Returns DELETE. @param errors further statuses: 400 where a record in use cannot be deleted */
    remove(
      write: Finder<void>,
      errors: readonly number[] = [404],
      otherAnswers: RouteDefinition['otherAnswers'] = {},
    ): RouteDefinition {
      return recordRoute(
        {
          method: 'DELETE',
          summary: `Deletes ${one}.`,
          policy: policy.remove,
          status: 204,
          errors,
          otherAnswers: { ...notThere, ...otherAnswers },
        },
        (request, id) => (transaction) => write(transaction, request.user, id, request),
      );
    },

    restore(write: Finder<unknown>): RouteDefinition {
      return recordRoute(
        {
          method: 'POST',
          path: `${record}restore/`,
          summary: `Brings back ${one} that was deleted.`,
          policy: policy.restore,
        },
        (request, id) => (transaction) => write(transaction, request.user, id, request),
      );
    },

    /** Returns an action on one record: `complete/`. */
    action<S extends Shape>(
      at: string,
      { output: answered, otherAnswers, ...action }: ActionOptions<S>,
      write: Writer<Input<S>>,
    ): RouteDefinition {
      return recordRoute<S>(
        {
          method: 'POST',
          path: record + at,
          ...action,
          ...(answered && { response: answered }),
          otherAnswers: { ...notThere, ...otherAnswers },
        },
        (request, id) => (transaction) => write(transaction, request.user, id, request.body, request),
      );
    },
  };
}
