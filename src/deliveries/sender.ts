import type { AccountLinks } from '../auth/account-links.js';
import { TOKEN_MARK } from '../auth/account-mail-texts.js';
import type { DeliverySettings } from '../config/delivery-settings.js';
import type { Database } from '../database/database.js';
import { Segments } from '../events/worker/segments.js';
import type { AttemptOutcome } from './attempt-outcome.js';
import { DeliveryLoop } from './delivery-loop.js';
import { type DeliveryClaim, type DeliveryKind, LEASE_SECONDS } from './delivery-queue.js';
import { recordDelivery } from './delivery-span.js';
import type { Mailer } from './mailer.js';
import type { Resolve } from './name-lookup.js';
import { cancelDelivery, type Delivery, holdDelivery, loadDelivery, recordOutcome } from './records.js';
import { sendWebhook } from './webhook.js';

export interface SenderOptions {
  readonly settings: DeliverySettings;
  /** Null when e-mail is switched off. */
  readonly mailer: Mailer | null;
  /** Derives the tokens of links in e-mails; without it, e-mails with a link are cancelled. */
  readonly links?: AccountLinks;
  /** Called for errors that are not a delivery's own failure, such as an unreachable database. */
  readonly onError?: (error: unknown) => void;
  /** Resolves host names of endpoints; uses DNS when not given. */
  readonly resolve?: Resolve;
  /** Timeout for one webhook attempt, in milliseconds. */
  readonly withinMs?: number;
  /** Approximate interval between looks for work when there was none, in milliseconds. */
  readonly pollMs?: number;
  readonly leaseSeconds?: number;
}

const POLL_MS = 1_000;
/** Time for a webhook to finish, in milliseconds; an e-mail that takes longer is sent again after the next claim. */
const FINISHES_WITHIN_MS = 12_000;

/**
 * Sends the deliveries of all tenants' outboxes, at least once: it claims a delivery in public.delivery_queue, sends it
 * outside any transaction, and stores the outcome in a transaction. When a process dies in between, its deliveries are
 * claimed again after their leases end. Any number of processes may run one.
 */
export class DeliverySender {
  readonly #loops: readonly DeliveryLoop[];
  readonly #segments: Segments;

  constructor(
    private readonly database: Database,
    private readonly options: SenderOptions,
  ) {
    const { settings, onError = () => undefined, pollMs = POLL_MS, leaseSeconds = LEASE_SECONDS } = options;
    const { concurrency, concurrencyPerTenant, concurrencyPerEndpoint, email } = settings;
    this.#segments = new Segments(database);
    const deliver = async (claim: DeliveryClaim) => {
      const done = await this.#deliver(claim);
      this.#segments.note(1);
      await this.#segments.tend().catch(onError);
      return done;
    };
    const common = { deliver, leaseSeconds, pollMs, onError };
    const loop = (kind: DeliveryKind, all: number, perTenant: number, perDestination: number) =>
      new DeliveryLoop(database, { ...common, kind, places: { all, perTenant, perDestination } });
    // One tenant's e-mails leave a place for those of others.
    const mailsOfTenant = Math.max(1, email.concurrency - 1);
    this.#loops = [
      loop('webhook', concurrency, concurrencyPerTenant, concurrencyPerEndpoint),
      loop('email', email.concurrency, mailsOfTenant, mailsOfTenant),
    ];
  }

  /** Begins to send, until `close`. */
  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Claims nothing more and waits up to 12 s for attempts under way. Close the mailer and the database after this. */
  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop(FINISHES_WITHIN_MS)));
  }

  async #deliver({ schema, deliveryId }: DeliveryClaim): Promise<boolean> {
    const { database } = this;
    const delivery = await loadDelivery(database, schema, deliveryId);
    if (delivery?.status !== 'PENDING') return true;
    if (delivery.endpoint && !delivery.endpointActive) {
      await holdDelivery(database, schema, deliveryId);
      return true;
    }
    const startedAt = performance.now();
    const outcome = await this.#attempt(schema, delivery);
    if (typeof outcome === 'string') {
      await cancelDelivery(database, schema, deliveryId, outcome);
      return true;
    }
    recordDelivery(schema, delivery, startedAt, outcome);
    await recordOutcome(database, schema, delivery, outcome);
    // A failed e-mail does not throttle its tenant: all tenants share one mail server.
    return outcome.sent || delivery.kind === 'email';
  }

  /** Sends a delivery. @returns the outcome, or the reason, in one line, why it must not be sent */
  #attempt(schema: string, delivery: Delivery): Promise<AttemptOutcome> | string {
    const { idempotencyKey, body, eventType, endpoint, ageHours } = delivery;
    const { settings, mailer, resolve, withinMs } = this.options;
    if (delivery.kind === 'email') {
      if (!mailer) return 'e-mail is switched off (EMAIL_TRANSPORT)';
      const { maxAgeHours } = settings.email;
      if (ageHours > maxAgeHours)
        return `the event is more than ${maxAgeHours} hours old (EMAIL_MAX_AGE_HOURS)`;
      const text = this.#textOf(schema, delivery);
      if (text === null) return 'its link was used, has expired or was made with another SECRET_KEY';
      return mailer.send({
        from: delivery.emailFrom || settings.email.from,
        to: delivery.recipient ?? '',
        subject: delivery.subject,
        text,
        idempotencyKey,
      });
    }
    if (!endpoint) return 'the endpoint is removed';
    return sendWebhook(
      { url: endpoint.url, secrets: endpoint.secrets, eventType, body, idempotencyKey },
      { policy: settings.webhooks, ...(resolve && { resolve }), ...(withinMs && { withinMs }) },
    );
  }

  /** Returns an e-mail's text with the token of its link, which is stored nowhere; null when the link is not good. */
  #textOf(schema: string, { body, link }: Delivery): string | null {
    if (link === null) return body;
    if (link.nonce === null) return null;
    const token = this.options.links?.tokenOf(schema, link.nonce, Buffer.from(link.hash, 'hex')) ?? null;
    return token && body.replace(TOKEN_MARK, token);
  }
}
