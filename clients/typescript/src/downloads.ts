import { networkError, readError, unexpected } from './answers.js';
import { eachPart, TooLargeError } from './bytes.js';
import type { Calls } from './calls.js';
import type { Deadline } from './deadline.js';
import { type Outgoing, outgoing, unsendable } from './requests.js';
import { type ApiError, ApiFailure, failure, isError, type Result } from './result.js';
import type { AnyOptions, DownloadOptions } from './types.js';

const MOST_BYTES = 256 * 1024 * 1024;
/** The reports, which are JSON unless they are asked for as files. */
const REPORTS = '/api/v1/reports/';

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
  const query = { ...(options.query as object), ...(path.startsWith(REPORTS) && { format: 'csv' }) };
  const request = await outgoing(
    calls.settings.baseUrl,
    'GET',
    path,
    { path: options.path, query },
    'text/csv',
  );
  return await load(calls, request, options, (sent, deadline) => calls.open(sent, path, deadline));
}

/** Loads a file by its signed address, such as a picture's, without the token. */
export async function downloadSigned(
  calls: Calls,
  url: string,
  options: DownloadOptions,
): Promise<Result<Download>> {
  const { baseUrl } = calls.settings;
  const address = URL.canParse(url, baseUrl) ? new URL(url, baseUrl) : null;
  const isOwn = address?.origin === new URL(baseUrl).origin;
  const request = isOwn
    ? { method: 'GET', url: address.href, accept: '*/*' }
    : unsendable('Only files of the API itself are loaded.');
  return await load(calls, request, options, (sent, deadline) =>
    calls.transport.exchange(sent, null, deadline),
  );
}

async function load(
  calls: Calls,
  request: Outgoing | ApiError,
  options: DownloadOptions,
  open: (request: Outgoing, deadline: Deadline) => Promise<Response | ApiError>,
): Promise<Result<Download>> {
  const { signal, timeoutMs, to } = options;
  const result = await calls.within(
    { signal, timeoutMs },
    calls.settings.transferTimeoutMs,
    async (deadline) => {
      const answer = isError(request) ? request : await open(request, deadline);
      if (isError(answer)) return failure(answer);
      if (!answer.ok) return failure(await readError(answer, deadline));
      return await received(answer, deadline, options);
    },
  );
  if (!result.ok) void to?.abort(new ApiFailure(result.error)).catch(() => undefined);
  return result;
}

async function received(
  answer: Response,
  deadline: Deadline,
  { mostBytes = MOST_BYTES, to, onProgress }: DownloadOptions,
): Promise<Result<Download>> {
  const { status, headers, body } = answer;
  const total = totalOf(headers);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = to?.getWriter();
  const take = async (part: Uint8Array, bytes: number) => {
    if (writer) await writer.write(part);
    else parts.push(part as Uint8Array<ArrayBuffer>);
    onProgress?.({ bytes, total });
  };
  const all = async () => {
    const bytes = await eachPart(body, mostBytes, take);
    await writer?.close();
    return { bytes };
  };
  try {
    const done = await deadline.race(all());
    if (isError(done)) return failure(done);
    const mediaType = headers.get('content-type') ?? '';
    const file = new Blob(parts, { type: mediaType });
    const data = { file, bytes: done.bytes, mediaType, filename: filenameIn(headers) };
    return { ok: true, data, status, requestId: headers.get('x-request-id'), truncated: [] };
  } catch (error) {
    if (error instanceof TooLargeError) return failure(unexpected(answer, 'too_large', error.message));
    return failure(deadline.error ?? networkError(error));
  } finally {
    writer?.releaseLock();
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
