import { ApiFailure, type PagedPath, type Result, type RowOf } from 'leopard-client';
import { api } from './client.ts';
import { noteFailure, noteReached } from './connection.ts';
import { signedInAgain } from './session.ts';

/**
 * Makes a call and returns its data. Where the session has ended, it waits until the user has signed in again and makes
 * the call once more.
 * @throws ApiFailure with the reason
 */
export async function ask<T>(call: () => Promise<Result<T>>): Promise<T> {
  for (;;) {
    const answer = await call();
    if (answer.ok) {
      noteReached();
      return answer.data;
    }
    if (answer.error.kind !== 'signed_out') {
      noteFailure(answer.error);
      throw new ApiFailure(answer.error);
    }
    await signedInAgain();
  }
}

/** A page of a list, as the API answers it. */
interface ListPage<Row> {
  readonly count: number;
  readonly results: readonly Row[];
}

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A list in pages: of the agency's API by `listOf`, or of anything else that answers in this form. */
export interface ListSource<Row> {
  /** First part of the keys under which answers are cached. */
  readonly key: string;
  load(query: Query, signal: AbortSignal): Promise<ListPage<Row>>;
}

type LooseCall = (path: string, options: object) => Promise<Result<ListPage<never>>>;

/** Returns a list of the agency's API. @param fixed query parameters that are always sent */
export function listOf<P extends PagedPath>(path: P, fixed: Query = {}): ListSource<RowOf<P>> {
  const get = api.get.bind(api) as unknown as LooseCall;
  return {
    key: path,
    load: (query, signal) => ask(() => get(path, { query: { ...query, ...fixed }, signal })),
  };
}
