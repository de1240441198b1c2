import { networkError, unexpected } from './answers.js';
import type { Deadline } from './deadline.js';
import type { ApiError } from './result.js';
import type { Progress } from './types.js';

/** The part of XMLHttpRequest that is used: browsers report the progress of an upload only there. */
interface Xhr {
  readonly upload: { onprogress: ((event: XhrProgress) => void) | null };
  readonly status: number;
  readonly responseText: string;
  readonly responseURL: string;
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  onprogress: ((event: XhrProgress) => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getAllResponseHeaders(): string;
  send(body: string | Blob): void;
  abort(): void;
}
interface XhrProgress {
  readonly loaded: number;
  readonly total: number;
  readonly lengthComputable: boolean;
}

interface Upload {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | Blob;
  readonly onProgress: (progress: Progress) => void;
}

const xhrType = () => (globalThis as { XMLHttpRequest?: new () => Xhr }).XMLHttpRequest;

/** Returns whether this is a browser, or a worker of one. */
export function hasXhr(): boolean {
  return xhrType() !== undefined;
}

/** Sends a request and reports its progress. @param most maximum number of bytes of the answer */
export function sendByXhr(upload: Upload, most: number, deadline: Deadline): Promise<Response | ApiError> {
  const { method, url, headers, body, onProgress } = upload;
  return new Promise((resolve) => {
    const xhr = new (xhrType() as new () => Xhr)();
    const settle = (outcome: Response | ApiError) => {
      deadline.signal.removeEventListener('abort', abort);
      resolve(outcome);
    };
    const abort = () => xhr.abort();
    xhr.upload.onprogress = ({ loaded, total, lengthComputable }) =>
      onProgress({ bytes: loaded, total: lengthComputable ? total : null });
    xhr.onprogress = ({ loaded }) => {
      if (loaded <= most) return;
      settle(unexpected({ status: xhr.status, headers: new Headers() }, 'too_large'));
      xhr.abort();
    };
    xhr.onload = () => settle(answerOf(xhr, url));
    xhr.onerror = () => settle(networkError(new Error('The browser gives no reason.')));
    xhr.onabort = () => settle(deadline.error ?? networkError(new Error('The upload was ended.')));
    deadline.signal.addEventListener('abort', abort);
    xhr.open(method, url);
    for (const [name, value] of headers) xhr.setRequestHeader(name, value);
    xhr.send(body);
  });
}

function answerOf(xhr: Xhr, url: string): Response | ApiError {
  const headers = new Headers();
  for (const line of xhr.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  // A browser follows redirections here, without the token where they lead to another origin.
  if (xhr.responseURL !== new URL(url).href) return unexpected({ status: xhr.status, headers }, 'redirect');
  const isEmpty = [204, 205, 304].includes(xhr.status);
  return new Response(isEmpty ? null : xhr.responseText, { status: xhr.status, headers });
}
