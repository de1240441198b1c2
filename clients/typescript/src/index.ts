export type { ParseJson } from './answers.js';
export { type ClientOptions, LeopardClient, newDeviceToken } from './client.js';
export type { Download } from './downloads.js';
export type { ImportProgress, LiveMessage } from './live-messages.js';
export type { LiveStream, StreamOptions, StreamStatus } from './live-stream.js';
export type { Lock } from './locks.js';
export {
  type AbortedError,
  type ApiError,
  ApiFailure,
  type ChallengeError,
  type DetailError,
  type Failure,
  type FieldMessages,
  type FieldsError,
  listMessages,
  type NetworkError,
  type Result,
  type SignedOutError,
  type StorageError,
  type Success,
  type ThrottledError,
  type TimeoutError,
  type UnavailableError,
  type UnexpectedError,
  type UnsendableError,
} from './result.js';
export type { Credentials, EnrolledUser, FactorAnswer, Session } from './session.js';
export { memoryStore, type TokenStore, type WebStorage, webStore } from './token-store.js';
export type { SignedInUser, Tokens } from './tokens.js';
export type {
  AnswerTo,
  CallablePath,
  CallOptions,
  DownloadOptions,
  FilePath,
  Method,
  PagedPath,
  Progress,
  RowOf,
  Schemas,
  UploadPath,
} from './types.js';
