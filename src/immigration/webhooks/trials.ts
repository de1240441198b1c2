import { sendTrial, type WebhookOptions } from '../../deliveries/webhook.js';
import { HttpError } from '../../http/errors.js';
import type { WebhookTestOutput } from './schemas.js';

/** Maximum number of concurrent trials per agency: each takes up to ten seconds. */
const AT_ONCE = 2;

/** Trial deliveries to endpoints, a few at once for each agency. */
export class Trials {
  readonly #underWay = new Map<string, number>();

  constructor(private readonly options: WebhookOptions) {}

  /**
   * Sends an event of the type `Leopard.TEST` to an endpoint now; nothing is stored.
   * @param tenant short name, which is sent to the receiver
   * @throws HttpError 429 while the agency has two under way
   */
  async send(
    tenant: string,
    endpoint: { readonly url: string; readonly secrets: readonly string[] },
  ): Promise<WebhookTestOutput> {
    const before = this.#underWay.get(tenant) ?? 0;
    if (before >= AT_ONCE) {
      throw new HttpError(429, { detail: 'Two trials are under way. Try again.' }, { 'retry-after': '10' });
    }
    this.#underWay.set(tenant, before + 1);
    try {
      return await sendTrial(endpoint, tenant, this.options);
    } finally {
      const left = (this.#underWay.get(tenant) ?? 1) - 1;
      if (left > 0) this.#underWay.set(tenant, left);
      else this.#underWay.delete(tenant);
    }
  }
}
