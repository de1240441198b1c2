import type { ParseJson } from './answers.js';
import { Calls } from './calls.js';
import { type Download, download, downloadSigned } from './downloads.js';
import { KeptTokens } from './kept-tokens.js';
import { LiveStream, type StreamOptions } from './live-stream.js';
import type { Lock } from './locks.js';
import { pagesOf, rowsOf } from './pages.js';
import { Renewal } from './renewal.js';
import type { Result } from './result.js';
import { Session } from './session.js';
import { memoryStore, type TokenStore } from './token-store.js';
import { Transport } from './transport.js';
import type {
  AnswerTo,
  AnyOptions,
  CallArguments,
  CallablePath,
  DownloadArguments,
  DownloadOptions,
  FilePath,
  PageArguments,
  PagedPath,
  RowOf,
  UploadArguments,
  UploadPath,
} from './types.js';

export interface ClientOptions {
  /** The API's address: scheme, host and port, and a path only where a proxy adds one. */
  readonly baseUrl: string;
  /** The place for the tokens; memory by default. */
  readonly store?: TokenStore | undefined;
  /** The lock for exchanging tokens; that of the browser's tabs where the store is shared, by default. */
  readonly lock?: Lock | undefined;
  /** Sent with log-ins: makes this device known (see `newDeviceToken`). */
  readonly deviceToken?: string | undefined;
  /** Milliseconds that a call may take in all; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** The same for uploads and downloads; 300,000 by default. */
  readonly transferTimeoutMs?: number | undefined;
  /** Maximum number of repetitions of a request that may be repeated; 2 by default, 0 for none. */
  readonly retries?: number | undefined;
  /** Maximum wait before one, in milliseconds; 10,000 by default. */
  readonly longestWaitMs?: number | undefined;
  /** Maximum number of bytes of an answer in memory; 64 MiB by default. */
  readonly mostBytes?: number | undefined;
  /** Reads JSON, instead of `JSON.parse`, which rounds numbers of more than 15 digits. */
  readonly parseJson?: ParseJson | undefined;
  readonly fetch?: typeof fetch | undefined;
}

type Paths<M extends 'get' | 'post' | 'put' | 'patch' | 'delete'> = CallablePath<M>;

/** A client of one agency's API, and one session. */
export class LeopardClient {
  readonly session: Session;
  readonly #calls: Calls;

  /** @throws TypeError for an address that is none */
  constructor(options: ClientOptions) {
    const { store = memoryStore(), lock, deviceToken } = options;
    const baseUrl = checkedBase(options.baseUrl);
    const transport = new Transport({
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      retries: options.retries ?? 2,
      longestWaitMs: options.longestWaitMs ?? 10_000,
      mostBytes: options.mostBytes ?? 64 * 1024 * 1024,
    });
    const kept = new KeptTokens(store, lock);
    const renewal = new Renewal(transport, kept, baseUrl);
    const settings = {
      baseUrl,
      timeoutMs: options.timeoutMs ?? 30_000,
      transferTimeoutMs: options.transferTimeoutMs ?? 300_000,
      parse: options.parseJson ?? JSON.parse,
    };
    this.#calls = new Calls(settings, transport, renewal);
    this.session = new Session({ calls: this.#calls, kept, renewal, deviceToken });
  }

  get<P extends Paths<'get'>>(
    path: P,
    ...options: CallArguments<P, 'get'>
  ): Promise<Result<AnswerTo<P, 'get'>>> {
    return this.#call('GET', path, options);
  }

  post<P extends Paths<'post'>>(
    path: P,
    ...options: CallArguments<P, 'post'>
  ): Promise<Result<AnswerTo<P, 'post'>>> {
    return this.#call('POST', path, options);
  }

  put<P extends Paths<'put'>>(
    path: P,
    ...options: CallArguments<P, 'put'>
  ): Promise<Result<AnswerTo<P, 'put'>>> {
    return this.#call('PUT', path, options);
  }

  patch<P extends Paths<'patch'>>(
    path: P,
    ...options: CallArguments<P, 'patch'>
  ): Promise<Result<AnswerTo<P, 'patch'>>> {
    return this.#call('PATCH', path, options);
  }

  delete<P extends Paths<'delete'>>(
    path: P,
    ...options: CallArguments<P, 'delete'>
  ): Promise<Result<AnswerTo<P, 'delete'>>> {
    return this.#call('DELETE', path, options);
  }

  /** Yields the pages of a list as the loop asks for them; the last result may be a failure. */
  pages<P extends PagedPath>(
    path: P,
    ...options: PageArguments<P>
  ): AsyncGenerator<Result<AnswerTo<P, 'get'>>, void, undefined> {
    return pagesOf(this.#calls, path, (options[0] ?? {}) as AnyOptions) as never;
  }

  /** Yields the rows of a list, page by page. @throws ApiFailure when a page cannot be loaded */
  rows<P extends PagedPath>(
    path: P,
    ...options: PageArguments<P>
  ): AsyncGenerator<RowOf<P>, void, undefined> {
    return rowsOf(pagesOf(this.#calls, path, (options[0] ?? {}) as AnyOptions) as never);
  }

  /** Sends a file. `onProgress` reports the bytes that are sent. */
  upload<P extends UploadPath>(
    path: P,
    ...options: UploadArguments<P>
  ): Promise<Result<AnswerTo<P, 'post'>>> {
    return this.#call('POST', path, options);
  }

  /** Loads a CSV file: into memory, or to a stream. */
  download<P extends FilePath>(path: P, ...options: DownloadArguments<P>): Promise<Result<Download>> {
    return download(this.#calls, path, options[0] ?? {});
  }

  /** Loads a file by the signed address that an answer names, such as a picture's. */
  downloadSigned(url: string, options: DownloadOptions = {}): Promise<Result<Download>> {
    return downloadSigned(this.#calls, url, options);
  }

  /** Returns the live stream of notifications; it is opened when it is read. */
  stream(options: StreamOptions = {}): LiveStream {
    return new LiveStream(this.#calls, options);
  }

  #call<T>(method: string, path: string, [options]: readonly [AnyOptions?]): Promise<Result<T>> {
    return this.#calls.json<T>(method, path, options);
  }
}

function checkedBase(baseUrl: string): string {
  const { protocol, username, search, hash, origin, pathname } = new URL(baseUrl);
  if (!/^https?:$/.test(protocol) || username !== '' || search !== '' || hash !== '')
    throw new TypeError(
      `${baseUrl} is no address of an API: scheme, host and path are all that it may hold.`,
    );
  return origin + pathname.replace(/\/$/, '');
}

/** Returns a random token that makes a device known once a log-in with it succeeds. Keep it for the next log-ins. */
export function newDeviceToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
