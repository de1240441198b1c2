import type { Database } from '../database/database.js';
import type { DeliverySettings } from '../delivery-settings.js';
import type { Mailer } from './mailer.js';
import type { Resolve } from './name-lookup.js';
import type { Outcome } from './outcome.js';
import { type Claim, claimDeliveries, LEASE_SECONDS } from './queue.js';
import { cancelDelivery, type Delivery, loadDelivery, recordOutcome } from './records.js';
import { sendWebhook } from './webhook.js';

export interface SenderOptions {
  readonly settings: DeliverySettings;
  /** Null: e-mail is switched off. */
  readonly mailer: Mailer | null;
  /** What is not one delivery's own failure: the database cannot be reached, for instance. */
  readonly onError?: (error: Error) => void;
  /** How host names of endpoints are resolved; the system's way when not given. */
  readonly resolve?: Resolve;
  /** How long a webhook may take, in milliseconds. */
  readonly withinMs?: number;
  /** About every how many milliseconds it looks for work when there was none. */
  readonly pollMs?: number;
  readonly leaseSeconds?: number;
}

const POLL_MS = 1_000;

/**
 * Sends what waits in the tenants' outboxes, at least once: a claim in public.delivery_queue, then the sending outside
 * any transaction, then the outcome in a transaction. What dies in between is claimed again when its lease ends.
 * Any number of processes may do this at once.
 */
export class DeliverySender {
  readonly #running = new Map<string, number>();
  readonly #attempts = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;
  #after = '';
  #stopping = false;
  /** Whether something ended since the last look for work. */
  #woken = false;
  #endRest: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly options: SenderOptions,
  ) {}

  /** Begins to send, until `close`. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Takes nothing new and waits for what is under way. Close the database and the mailer after this. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#loop;
    await Promise.all(this.#attempts);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const begun = await this.#sendDue().catch((error: Error) => {
        this.options.onError?.(error);
        return 0;
      });
      if (begun === 0 || this.#attempts.size >= this.options.settings.concurrency) await this.#rest();
    }
  }

  /** Claims what is due and there is room for, and begins to send it. @returns how much */
  async #sendDue(): Promise<number> {
    const { settings, leaseSeconds = LEASE_SECONDS } = this.options;
    const claims = await claimDeliveries(this.database, {
      most: settings.concurrency - this.#attempts.size,
      mostPerDestination: settings.concurrencyPerHost,
      running: this.#running,
      after: this.#after,
      leaseSeconds,
    });
    for (const claim of claims) this.#begin(claim);
    this.#after = claims.at(-1)?.schema ?? this.#after;
    return claims.length;
  }

  #begin(claim: Claim): void {
    this.#count(claim.destination, 1);
    const attempt = this.#deliver(claim)
      .catch((error: Error) => this.options.onError?.(error))
      .finally(() => {
        this.#count(claim.destination, -1);
        this.#attempts.delete(attempt);
        this.#wake();
      });
    this.#attempts.add(attempt);
  }

  #count(destination: string, change: number): void {
    const running = (this.#running.get(destination) ?? 0) + change;
    if (running > 0) this.#running.set(destination, running);
    else this.#running.delete(destination);
  }

  async #deliver({ schema, deliveryId }: Claim): Promise<void> {
    const delivery = await loadDelivery(this.database, schema, deliveryId);
    if (delivery?.status !== 'PENDING') return;
    const outcome = await this.#attempt(delivery);
    if (typeof outcome === 'string') await cancelDelivery(this.database, schema, deliveryId, outcome);
    else await recordOutcome(this.database, schema, delivery, outcome);
  }

  /** @returns the outcome, or in one line why it is not to be sent at all */
  #attempt(delivery: Delivery): Promise<Outcome> | string {
    const { idempotencyKey, body, eventType, endpoint } = delivery;
    const { settings, mailer, resolve, withinMs } = this.options;
    if (delivery.kind === 'email') {
      if (!mailer) return 'e-mail is switched off (EMAIL_TRANSPORT)';
      return mailer.send({
        from: delivery.emailFrom || settings.email.from,
        to: delivery.recipient ?? '',
        subject: delivery.subject,
        text: body,
        idempotencyKey,
      });
    }
    if (!endpoint) return 'the endpoint is removed';
    if (!delivery.endpointActive) return 'the endpoint is switched off';
    return sendWebhook(
      { url: endpoint.url, secrets: [endpoint.secret], eventType, body, idempotencyKey },
      { policy: settings.webhooks, ...(resolve && { resolve }), ...(withinMs && { withinMs }) },
    );
  }

  #wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Until an attempt ends, or about so long as the poll takes. */
  async #rest(): Promise<void> {
    if (this.#woken) return;
    const pollMs = (this.options.pollMs ?? POLL_MS) * (0.75 + Math.random() / 2);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
