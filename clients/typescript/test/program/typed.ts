import { LeopardClient, listMessages, type Result, type RowOf, type Schemas } from 'leopard-client';

// A program that uses the package: test/types.test.ts compiles it. What must not compile is marked.

const client = new LeopardClient({ baseUrl: 'https://main.example.com' });
type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
const holds = <_T extends true>() => undefined;

export async function paths() {
  const one = await client.get('/api/v1/clients/{id}/', { path: { id: 1 } });
  holds<Is<typeof one, Result<Schemas['ClientOutput']>>>();
  // @ts-expect-error no such path
  await client.get('/api/v1/client/');
  // @ts-expect-error no such operation of this path
  await client.delete('/api/v1/clients/');
  // @ts-expect-error a path needs its value
  await client.get('/api/v1/clients/{id}/');
  // @ts-expect-error of the right type
  await client.get('/api/v1/clients/{id}/', { path: { id: 'one' } });
  // @ts-expect-error with the right name
  await client.get('/api/v1/clients/{id}/', { path: { client: 1 } });
  // @ts-expect-error a stream is no answer
  await client.get('/api/v1/notifications/stream/');
}

export async function queries() {
  const list = await client.get('/api/v1/clients/', {
    query: { search: 'Nowak', stage: ['LEAD', 'CLIENT'] },
  });
  if (list.ok) holds<Is<typeof list.data.results, Schemas['ClientOutput'][]>>();
  await client.get('/api/v1/clients/', { query: { stage: 'LEAD', search: undefined } });
  // @ts-expect-error a misspelt parameter
  await client.get('/api/v1/clients/', { query: { serach: 'Nowak' } });
  // @ts-expect-error a value that the filter does not know
  await client.get('/api/v1/clients/', { query: { stage: ['LAED'] } });
  // @ts-expect-error of the right type
  await client.get('/api/v1/clients/', { query: { branch: 'One' } });
  // @ts-expect-error an operation without parameters
  await client.get('/api/v1/users/profile/', { query: { id: 1 } });
}

export async function bodies() {
  const person = { first_name: 'Maya', last_name: 'Sharma', gender: 'FEMALE', country: 'NP' } as const;
  const made = await client.post('/api/v1/clients/', { body: person });
  if (made.ok) holds<Is<typeof made.data, Schemas['ClientOutput']>>();
  // @ts-expect-error the body is missing
  await client.post('/api/v1/clients/');
  // @ts-expect-error a field of it is missing
  await client.post('/api/v1/clients/', { body: { first_name: 'Maya', last_name: 'Sharma' } });
  // @ts-expect-error a field that there is not
  await client.patch('/api/v1/clients/{id}/', { path: { id: 1 }, body: { firstname: 'Maya' } });
  // @ts-expect-error a choice that there is not
  await client.patch('/api/v1/clients/{id}/', { path: { id: 1 }, body: { stage: 'LAED' } });
  const deleted = await client.delete('/api/v1/clients/{id}/', { path: { id: 1 } });
  holds<Is<typeof deleted, Result<undefined>>>();
  // @ts-expect-error a read takes no body
  await client.get('/api/v1/clients/', { body: person });
}

export async function errors() {
  const list = await client.get('/api/v1/clients/');
  // @ts-expect-error it may have failed
  list.data;
  if (list.ok) return null;
  const { error } = list;
  switch (error.kind) {
    case 'fields':
      return listMessages(error.fields);
    case 'throttled':
    case 'unavailable':
      return error.retryAfter;
    case 'challenge':
      // @ts-expect-error only one kind of challenge has methods of passkeys
      return error.passkey;
    case 'network':
    case 'storage':
      return error.cause;
    case 'timeout':
      return error.afterMs;
    case 'detail':
      return error.code;
    case 'unexpected':
      return error.reason;
    case 'signed_out':
    case 'aborted':
    case 'unsendable':
      return error.message;
    default:
      return error satisfies never;
  }
}

export async function files() {
  const file = new Blob(['…']);
  await client.upload('/api/v1/clients/{id}/profile-picture/', { path: { id: 1 }, body: { file } });
  // @ts-expect-error a file is no text
  await client.upload('/api/v1/client-imports/', { body: { file: 'name.csv' } });
  // @ts-expect-error nothing is uploaded there
  await client.upload('/api/v1/clients/', { body: { file } });
  const { ok } = await client.download('/api/v1/clients/export/', { query: { stage: 'LEAD' } });
  // @ts-expect-error nothing to download
  await client.download('/api/v1/clients/');
  return ok;
}

export async function lists() {
  for await (const row of client.rows('/api/v1/tasks/', { query: { page_size: 100 } }))
    holds<Is<typeof row, RowOf<'/api/v1/tasks/'>>>();
  // @ts-expect-error pages are counted by the client
  client.pages('/api/v1/tasks/', { query: { page: '2' } });
  // @ts-expect-error no list in pages
  client.rows('/api/v1/visa-categories/');
}

export async function messages() {
  for await (const message of client.stream()) {
    if (message.type === 'notification_message')
      holds<Is<typeof message.notification, Schemas['NotificationOutput']>>();
    // @ts-expect-error heartbeats are not shown
    if (message.type === 'heartbeat') return;
  }
}
