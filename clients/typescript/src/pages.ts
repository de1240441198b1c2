import { unexpected } from './answers.js';
import type { Calls } from './calls.js';
import { ApiFailure, failure, type Result } from './result.js';
import type { AnyOptions } from './types.js';

const MOST_PAGES = 10_000;

interface Page {
  readonly next: string | null;
  readonly results: readonly unknown[];
}

/**
 * Yields the pages of a list, one after another, as the loop asks for them. The last result may be a failure. Pages are
 * counted: an address that an answer names is not followed.
 */
export async function* pagesOf<T extends Page>(
  calls: Calls,
  path: string,
  options: AnyOptions & { readonly mostPages?: number | undefined },
): AsyncGenerator<Result<T>, void, undefined> {
  const { mostPages = MOST_PAGES, query, ...rest } = options;
  for (let page = 1; ; page++) {
    const result = await calls.json<T>('GET', path, { ...rest, query: { ...(query as object), page } });
    // Records were deleted meanwhile, and with them the last page.
    const isGone = !result.ok && page > 1 && result.error.kind === 'detail' && result.error.status === 404;
    if (isGone) return;
    const isList = !result.ok || Array.isArray(result.data?.results);
    yield isList ? result : failure(unexpected({ status: result.status, headers: new Headers() }, 'form'));
    if (!isList || !result.ok || !result.data.next || result.data.results.length === 0) return;
    if (page === mostPages) {
      yield failure(unexpected({ status: result.status, headers: new Headers() }, 'endless'));
      return;
    }
  }
}

/** Yields the rows of a list. @throws ApiFailure when a page cannot be loaded */
export async function* rowsOf<R>(
  pages: AsyncGenerator<Result<{ readonly results: readonly R[] }>, void, undefined>,
): AsyncGenerator<R, void, undefined> {
  for await (const page of pages) {
    if (!page.ok) throw new ApiFailure(page.error);
    yield* page.data.results;
  }
}
