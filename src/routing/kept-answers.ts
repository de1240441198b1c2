import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CurrentUser } from '../auth/current-user.js';
import type { AnswerSettings } from '../config/answer-settings.js';
import type { Database } from '../database/database.js';
import type { Tenant } from '../tenancy/tenants.js';
import { AnswerMemory, type KeptAnswer } from './answer-memory.js';
import { AnswerReading, observed } from './answer-reading.js';
import { RecentKeys } from './recent-keys.js';
import type { RouteDefinition, TenantRequest } from './route.js';
import { LONGEST_LIST } from './route-bounds.js';
import { VersionLooks } from './version-looks.js';

const JSON_TYPE = 'application/json; charset=utf-8';
/** Longer addresses are not worth a key. */
const LONGEST_URL = 2_000;
/** Number of requests to a route that are not noted after one whose answer depends on something unknown. */
const UNKNOWN_FOR = 100;
const MOST_DOUBLINGS = 4;

/**
 * Gives recent answers again, as long as the versions of the tables that they were made from show that nothing has
 * changed; for the design see "Recent answers" in docs/architecture.md. What an answer depends on is noted while its
 * handler makes it. Whatever is not known for certain not to change makes an answer one that is not kept.
 */
export class KeptAnswers {
  readonly memory: AnswerMemory;
  readonly #looks: VersionLooks;
  readonly #recent = new RecentKeys();
  readonly #unknown = new Map<RouteDefinition, number>();
  readonly #counts = { kept: 0, unchanged: 0, made: 0 };

  constructor(database: Pick<Database, 'tenantQuery'>, settings: AnswerSettings) {
    this.memory = new AnswerMemory(settings);
    this.#looks = new VersionLooks(database);
  }

  /** How requests were answered since the start, and the bytes of all answers that are kept. */
  get figures() {
    return { counts: this.#counts, bytes: this.memory.size };
  }

  /** Answers an admitted request: with a kept answer that is up to date, or else with that of the route's handler. */
  async answer(definition: RouteDefinition, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { tenant, user } = request.admitted as TenantRequest;
    const unknown = this.#unknown.get(definition);
    if (unknown !== undefined) {
      if (unknown > 1) this.#unknown.set(definition, unknown - 1);
      else this.#unknown.delete(definition);
    }
    if (!tenant || !user || unknown !== undefined || request.url.length > LONGEST_URL)
      return await this.#plain(definition, request, reply);
    const { schema } = tenant;
    const key = keyOf(request, tenant, user);
    const kept = this.memory.get(schema, key);
    if (kept?.isTrusted) {
      const isCurrent = await this.#isCurrent(schema, kept);
      if (isCurrent) {
        const answer = send(request, reply, kept.etag, kept.body);
        this.#counts[reply.statusCode === 304 ? 'unchanged' : 'kept']++;
        return answer;
      }
      // An error that kept the version from being read will meet the handler too.
      if (isCurrent === undefined) return await this.#plain(definition, request, reply);
    } else if (kept ? kept.skips-- > 0 : !this.#recent.add(key)) {
      return await this.#plain(definition, request, reply);
    }
    return await this.#made(definition, request, reply, schema, key);
  }

  /** Returns whether a kept answer is up to date; undefined when that cannot be found out. */
  async #isCurrent(schema: string, kept: KeptAnswer): Promise<boolean | undefined> {
    const { basis } = kept;
    const versions = await this.#looks.look(schema).catch(() => undefined);
    if (!versions) return undefined;
    const isSame = versions.text === basis.text || versions.of(basis.tables) === basis.version;
    if (!isSame && kept.isTrusted) distrust(kept);
    if (!isSame) return false;
    kept.changes = 0;
    if (versions.text !== basis.text) kept.basis = { ...basis, text: versions.text };
    return basis.day === undefined || basis.day.date === basis.day.now();
  }

  async #plain(definition: RouteDefinition, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    this.#counts.made++;
    const answer = await definition.handler(request, reply);
    const text = written(definition, request, reply, answer);
    return text === undefined ? answer : send(request, reply, etagOf(text), text);
  }

  /** Returns the handler's answer, which is kept if it is known on what it depends. */
  async #made(
    definition: RouteDefinition,
    request: FastifyRequest,
    reply: FastifyReply,
    schema: string,
    key: string,
  ): Promise<unknown> {
    this.#counts.made++;
    const reading = new AnswerReading();
    request.admitted = observed(request.admitted as TenantRequest, reading);
    const headers = Object.keys(reply.getHeaders()).length;
    const answer = await definition.handler(request, reply);
    if (Object.keys(reply.getHeaders()).length !== headers) return answer; // it has headers of its own
    const text = written(definition, request, reply, answer);
    if (text === undefined) return answer;
    const { basis } = reading;
    const etag = etagOf(text);
    if (basis === null) this.#unknown.set(definition, UNKNOWN_FOR);
    else if (basis !== 'changing') {
      const before = this.memory.get(schema, key);
      const isTrusted = before === undefined || before.isTrusted || before.basis.version === basis.version;
      const body = Buffer.from(text);
      const now: KeptAnswer = { body, etag, basis, isTrusted, changes: before?.changes ?? 0, skips: 0 };
      if (!isTrusted) distrust(now);
      this.memory.set(schema, key, now);
    }
    return send(request, reply, etag, text);
  }
}

/**
 * Notes that an answer has changed. After one change after another, the version is asked for in vain: the answers in
 * between are made as if nothing were kept, each time twice as many, until one stays the same.
 */
function distrust(kept: KeptAnswer): void {
  kept.isTrusted = false;
  kept.skips = 2 ** Math.min(kept.changes, MOST_DOUBLINGS) - 1;
  kept.changes++;
}

/** Returns an answer as it is sent; undefined where it is not whole, has headers of its own, or was sent already. */
function written(
  { produces }: RouteDefinition,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: unknown,
): string | undefined {
  if (reply.sent || answer === reply || answer === undefined || reply.statusCode !== 200) return undefined;
  if (request.admitted?.context.cutFields || reply.hasHeader('content-type')) return undefined;
  const write = reply.getSerializationFunction('2xx', produces ? 'application/json' : undefined);
  const text = write?.(answer as Record<string, unknown>) as string | undefined;
  return text === undefined || text.length > LONGEST_LIST ? undefined : text;
}

function send(request: FastifyRequest, reply: FastifyReply, etag: string, body: string | Buffer): unknown {
  reply.header('etag', etag);
  if (!matches(request.headers['if-none-match'], etag)) {
    if (!reply.hasHeader('content-type')) reply.header('content-type', JSON_TYPE);
    return body;
  }
  reply.removeHeader('content-type');
  return reply.code(304).send();
}

/** Returns whether `If-None-Match` names this ETag; by the standard's weak comparison, since proxies weaken them. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => {
    const given = one.trim();
    return given === '*' || given === etag || given === `W/${etag}`;
  });
}

function etagOf(text: string): string {
  return `"${hash('sha1', text, 'base64url')}"`;
}

/** Returns the key of an answer: all on which it may depend besides the database and the clock. */
function keyOf({ url, admitted, headers }: FastifyRequest, tenant: Tenant, user: CurrentUser): string {
  const { origin } = admitted as TenantRequest;
  return `${tenant.schema}\n${printOf(tenant)} ${printOf(user)} ${origin}\n${headers.accept ?? ''}\n${url}`;
}

const prints = new WeakMap<object, string>();

/** Returns a digest of all properties of a tenant or a user, which are read anew after a change. */
function printOf(value: Tenant | CurrentUser): string {
  let print = prints.get(value);
  if (print === undefined) {
    const plain = (_name: string, one: unknown) => (one instanceof Set ? [...one].sort() : one);
    print = hash('sha256', JSON.stringify(value, plain), 'base64url');
    prints.set(value, print);
  }
  return print;
}
