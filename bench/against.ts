import { type Answer, ask } from './ask.js';
import { type Case, cases, type Place } from './cases.js';
import type { HttpRequest } from './http-connection.js';

/** The options that name another server. */
export interface AgainstOptions {
  /** Its address: http://host:port. */
  readonly url: URL;
  /** The host by which it knows the agency. */
  readonly host: string;
  readonly token: string | undefined;
  readonly user: { readonly username: string; readonly password: string } | undefined;
}

/** Numbers of records that answers depend on. */
export interface DataCounts {
  readonly clients: number;
  readonly tasks: number;
  readonly found: number;
}

/** A server that is measured. */
export interface Server {
  readonly address: string;
  readonly port: number;
  readonly cases: readonly Case[];
  readonly counts: DataCounts;
}

const RECORDS_ASKED = 20;
const ASSIGNEES = 12;

/**
 * Finds out what can be measured on another server, and asks each of these cases once; its clients then get one more
 * where creating is among them.
 * @param only the wanted cases
 * @throws Error of one line that names the server and the request that it refuses
 */
export async function openOther(
  { url, host, token, user }: AgainstOptions,
  only: ReadonlySet<string>,
): Promise<Server> {
  const { hostname: address } = url;
  const port = Number(url.port || 80);
  const send = async (request: HttpRequest, status = 200): Promise<Answer> => {
    const about = `${url.origin}: ${request.method} ${request.path}`;
    const answer = await ask(port, request, address).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${about} fails: ${error.code ?? error.message}`);
    });
    if (answer.status === status) return answer;
    const advice = answer.status === 401 ? '; is the token, or the password, right?' : '';
    throw new Error(`${about} is answered with status ${answer.status}, not ${status}${advice}`);
  };
  const given = token ?? (await logIn(send, host, user));
  const get = async (path: string) =>
    JSON.parse((await send({ method: 'GET', path, headers: headersOf(host, given) })).body);
  const counts = await countsOf(get);
  const place: Place = {
    host,
    token: given,
    user: user ?? null,
    clientIds: idsOf(await get('/api/v1/clients/'), RECORDS_ASKED),
    assigneeIds: idsOf(await get('/api/v1/users/assignable/'), ASSIGNEES),
  };
  const wanted = cases(place).filter(({ name, requests }) => only.has(name) && requests.length > 0);
  if (wanted.length === 0) throw new Error(`${url.origin}: nothing that --only names can be measured there`);
  for (const { requests, status } of wanted) await send(requests[0] as HttpRequest, status);
  return { address, port, cases: wanted, counts };
}

/** Returns the numbers of records. @param get asks for a path, and returns the body */
export async function countsOf(
  get: (path: string) => Promise<{ readonly count: number }>,
): Promise<DataCounts> {
  const { count: clients } = await get('/api/v1/clients/');
  const { count: tasks } = await get('/api/v1/tasks/');
  const { count: found } = await get('/api/v1/clients/?search=family123');
  return { clients, tasks, found };
}

/** Returns the headers of a request with a token. */
export function headersOf(host: string, token: string): Record<string, string> {
  return { host, authorization: `Bearer ${token}` };
}

async function logIn(
  send: (request: HttpRequest) => Promise<Answer>,
  host: string,
  user: AgainstOptions['user'],
): Promise<string> {
  const headers = { host, 'content-type': 'application/json' };
  const answer = await send({ method: 'POST', path: '/api/token/', headers, body: JSON.stringify(user) });
  return (JSON.parse(answer.body) as { access: string }).access;
}

function idsOf({ results }: { readonly results: readonly { readonly id: number }[] }, most: number) {
  return results.slice(0, most).map(({ id }) => id);
}
