import type { UploadedFile } from '../http/multipart.js';
import type { OperatorRequest } from './operator-route.js';
import type { PathEntry } from './path-table.js';
import type { RequestShare } from './quotas.js';
import type { RouteDefinition, TenantRequest } from './route.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the request was admitted to its route. */
    admitted: TenantRequest | null;
    /** The same for a route of operators, in place of `admitted`. */
    operator: OperatorRequest | null;
    /**
     * Fields for log lines about the request. A child logger per request costs several percent of its processor time.
     */
    logContext: {
      readonly tenant: string;
      /** Undefined until the log-in was checked. */
      user: number | undefined;
      /** The id that a trusted proxy has given the request. */
      readonly proxyReqId: string | undefined;
    } | null;
    /** Its part in what its user uses; null where nobody is signed in, or nothing is limited. */
    share: RequestShare | null;
    /** Whether the body is a form, where "" may stand for null. */
    isForm: boolean;
    files: Readonly<Record<string, UploadedFile>> | null;
  }
  interface FastifyContextConfig {
    definition?: RouteDefinition;
    entry?: PathEntry;
  }
}
