import type { components, paths } from './generated/api.js';

/** The named schemas of the API: `Schemas['ClientOutput']`. */
export type Schemas = components['schemas'];

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

type OperationAt<P extends keyof paths, M extends Method> = Exclude<paths[P][M], undefined>;

type Contents<O> = O extends { responses: infer R }
  ? {
      [S in keyof R]: R[S] extends { content: infer C } ? (C extends undefined ? 'none' : C) : 'none';
    }[keyof R]
  : never;
type JsonOf<C> = C extends 'none' ? undefined : C extends { 'application/json': infer J } ? J : never;

/** The paths that have an operation of this method. */
type PathsWith<M extends Method> = {
  [P in keyof paths]: [OperationAt<P, M>] extends [never] ? never : P;
}[keyof paths];

/** The paths whose operation of this method answers with JSON, or with nothing. */
export type CallablePath<M extends Method> = {
  [P in PathsWith<M>]: [JsonOf<Contents<OperationAt<P, M>>>] extends [never] ? never : P;
}[PathsWith<M>];

/** The data of a successful answer. */
export type AnswerTo<P extends keyof paths, M extends Method> = JsonOf<Contents<OperationAt<P, M>>>;

/** The paths of lists in pages. */
export type PagedPath = {
  [P in CallablePath<'get'>]: AnswerTo<P, 'get'> extends { next: unknown; results: unknown[] } ? P : never;
}[CallablePath<'get'>];

/** A row of a list in pages. */
export type RowOf<P extends PagedPath> = AnswerTo<P, 'get'> extends { results: (infer R)[] } ? R : never;

/** The paths that answer with a file. */
export type FilePath = {
  [P in PathsWith<'get'>]: Contents<OperationAt<P, 'get'>> extends infer C
    ? C extends { 'text/csv': unknown }
      ? P
      : never
    : never;
}[PathsWith<'get'>];

type BodyContents<O> = O extends { requestBody?: { content: infer C } } ? C : never;
type BodyIn<C> = C extends { 'application/json': infer J }
  ? J
  : C extends { 'multipart/form-data': infer F }
    ? F
    : never;

/** The paths that take files. */
export type UploadPath = {
  [P in PathsWith<'post'>]: BodyContents<OperationAt<P, 'post'>> extends infer C
    ? C extends { 'application/json': unknown }
      ? never
      : C extends { 'multipart/form-data': unknown }
        ? P
        : never
    : never;
}[PathsWith<'post'>];

type PathParameters<O> = O extends { parameters: { path: infer V } } ? V : never;
type QueryParameters<O> = O extends { parameters: { query?: infer V } } ? Exclude<V, undefined> : never;

/** Options that every call takes. */
export interface CallOptions {
  /** Ends the call with an error of the kind `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for all of it: log-in tokens, repetitions and reading the answer included. */
  readonly timeoutMs?: number | undefined;
}

type PathOption<O> = [PathParameters<O>] extends [never]
  ? { readonly path?: undefined }
  : { readonly path: PathParameters<O> };
type Loose<Q> = { readonly [K in keyof Q]: Q[K] | undefined };
type QueryOption<O, Left extends string = never> = [QueryParameters<O>] extends [never]
  ? { readonly query?: undefined }
  : { readonly query?: Loose<Omit<QueryParameters<O>, Left>> | undefined };
type BodyOption<O> = O extends { requestBody: { content: infer C } }
  ? { readonly body: BodyIn<C> }
  : [BodyContents<O>] extends [never]
    ? { readonly body?: undefined }
    : { readonly body?: BodyIn<BodyContents<O>> | undefined };

/** The arguments after the path: none are needed where nothing is required. */
type Arguments<T> = Record<never, never> extends T ? [options?: T] : [options: T];

export type CallArguments<P extends keyof paths, M extends Method> = Arguments<
  CallOptions & PathOption<OperationAt<P, M>> & QueryOption<OperationAt<P, M>> & BodyOption<OperationAt<P, M>>
>;

/** Options of a list in pages: the pages are counted by the client. */
export type PageArguments<P extends PagedPath> = Arguments<
  CallOptions & {
    /** Maximum number of pages; a longer list ends with an error. */
    readonly mostPages?: number | undefined;
  } & PathOption<OperationAt<P, 'get'>> &
    QueryOption<OperationAt<P, 'get'>, 'page'>
>;

export interface Progress {
  /** Bytes so far. */
  readonly bytes: number;
  /** Bytes in all; null where that is not known. */
  readonly total: number | null;
}

interface TransferOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export type UploadArguments<P extends UploadPath> = Arguments<
  TransferOptions & PathOption<OperationAt<P, 'post'>> & BodyOption<OperationAt<P, 'post'>>
>;

export interface DownloadOptions extends TransferOptions {
  /** Maximum number of bytes; a larger file is an error. */
  readonly mostBytes?: number | undefined;
  /** Target of the bytes, instead of memory. It is closed at the end, and aborted if the download fails. */
  readonly to?: WritableStream<Uint8Array> | undefined;
}

export type DownloadArguments<P extends FilePath> = Arguments<
  DownloadOptions & PathOption<OperationAt<P, 'get'>> & QueryOption<OperationAt<P, 'get'>, 'format'>
>;

/** Options as the calls take them, whatever the operation. */
export interface AnyOptions extends TransferOptions {
  readonly path?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}
