import { isRedirect, networkError, readError, unexpected } from './answers.js';
import { eachPart, TooLargeError } from './bytes.js';
import type { Calls } from './calls.js';
import type { Deadline } from './deadline.js';
import { type Outgoing, outgoing, unsendable } from './requests.js';
import { type ApiError, failure, isError, type Result } from './result.js';
import type { AnyOptions, DownloadOptions } from './types.js';

const MOST_BYTES = 256 * 1024 * 1024;

export interface Download {
  /** The file; empty where its bytes went elsewhere. */
  readonly file: Blob;
  readonly bytes: number;
  readonly mediaType: string;
  /** The name that the server suggests. */
  readonly filename: string | null;
}

type Options = DownloadOptions & AnyOptions;

/** Loads the file of an operation. */
export async function download(calls: Calls, path: string, options: Options): Promise<Result<Download>> {
  const query = {
    ...(options.query as object),
    ...(path.startsWith('/api/v1/reports/') && { format: 'csv' }),
  };
  const { path: parameters, signal, timeoutMs } = options;
  const request = await outgoing(
    calls.settings.baseUrl,
    'GET',
    path,
    { path: parameters, query },
    'text/csv',
  );
  if (isError(request)) return failure(request);
  return await calls.within({ signal, timeoutMs }, calls.settings.transferTimeoutMs, async (deadline) =>
    received(await calls.open(request, path, deadline), deadline, options),
  );
}

/** Loads a file by its signed address, such as a picture's, without the token. */
export async function downloadSigned(
  calls: Calls,
  url: string,
  options: DownloadOptions,
): Promise<Result<Download>> {
  const address = URL.canParse(url, calls.settings.baseUrl) ? new URL(url, calls.settings.baseUrl) : null;
  if (address?.origin !== new URL(calls.settings.baseUrl).origin)
    return failure(unsendable('Only files of the API itself are loaded.'));
  const request: Outgoing = { method: 'GET', url: address.href, accept: '*/*' };
  return await calls.within(options, calls.settings.transferTimeoutMs, async (deadline) =>
    received(await calls.transport.exchange(request, null, deadline), deadline, options),
  );
}

async function received(
  answer: Response | ApiError,
  deadline: Deadline,
  { mostBytes = MOST_BYTES, to, onProgress }: DownloadOptions,
): Promise<Result<Download>> {
  if (isError(answer)) return failure(answer);
  if (!answer.ok || isRedirect(answer)) return failure(await readError(answer, deadline));
  const { status, headers, body } = answer;
  const total = totalOf(headers);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = to?.getWriter();
  const take = async (part: Uint8Array, bytes: number) => {
    if (writer) await writer.write(part);
    else parts.push(part as Uint8Array<ArrayBuffer>);
    onProgress?.({ bytes, total });
  };
  try {
    const bytes = await deadline.race(eachPart(body, mostBytes, take));
    if (typeof bytes !== 'number') throw bytes;
    await writer?.close();
    const mediaType = headers.get('content-type') ?? '';
    const data = {
      file: new Blob(parts, { type: mediaType }),
      bytes,
      mediaType,
      filename: filenameIn(headers),
    };
    return { ok: true, data, status, requestId: headers.get('x-request-id'), truncated: [] };
  } catch (error) {
    void writer?.abort(error).catch(() => undefined);
    if (error instanceof TooLargeError) return failure(unexpected(answer, 'too_large', error.message));
    return failure(deadline.error ?? networkError(error));
  }
}

/** Returns the size that an answer announces; null for one that is compressed, whose bytes are others. */
function totalOf(headers: Headers): number | null {
  const length = headers.get('content-length');
  return length !== null && !headers.has('content-encoding') ? Number(length) : null;
}

function filenameIn(headers: Headers): string | null {
  const name = /filename="([^"\\/]{1,200})"/.exec(headers.get('content-disposition') ?? '')?.[1];
  return name ?? null;
}
