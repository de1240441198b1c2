import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import {
  cancelDeliveries,
  type DeliveryFilter,
  holdEndpoints,
  retryDeliveries,
} from '../../deliveries/administration.js';
import { detailError, invalid } from '../../http/errors.js';
import {
  type DeliveriesChanged,
  type DeliveryChoiceInput,
  type DeliveryDetail,
  filterOf,
  MOST_CHANGED,
} from './schemas.js';
import { deliveries, readDelivery } from './selectors.js';

type DeliveryChange = (
  transaction: TenantTransaction,
  filter: DeliveryFilter,
  atMost?: number,
) => Promise<number[]>;

/**
 * Queues one delivery to be sent again, even one that was sent.
 * @throws HttpError 404; 400 for a webhook whose endpoint is removed or switched off
 */
export async function retryDelivery(
  transaction: TenantTransaction,
  id: number,
): Promise<Pending<DeliveryDetail>> {
  return await changeOne(
    transaction,
    id,
    retryDeliveries,
    'Its endpoint is removed or switched off, so it cannot be sent.',
  );
}

/** Cancels one delivery that is waiting or held. @throws HttpError 404; 400 for one that is not waiting */
export async function cancelDelivery(
  transaction: TenantTransaction,
  id: number,
): Promise<Pending<DeliveryDetail>> {
  return await changeOne(transaction, id, cancelDeliveries, 'It does not wait to be sent.');
}

/** Queues the selected deliveries to be sent again, the oldest first. @throws HttpError 400 without a selection */
export async function retryMany(
  transaction: TenantTransaction,
  input: DeliveryChoiceInput,
): Promise<DeliveriesChanged> {
  return await changeMany(transaction, input, retryDeliveries);
}

/** Cancels the selected deliveries that are waiting or held. @throws HttpError 400 without a selection */
export async function cancelMany(
  transaction: TenantTransaction,
  input: DeliveryChoiceInput,
): Promise<DeliveriesChanged> {
  return await changeMany(transaction, input, cancelDeliveries);
}

async function changeOne(
  transaction: TenantTransaction,
  id: number,
  change: DeliveryChange,
  otherwise: string,
): Promise<Pending<DeliveryDetail>> {
  await holdEndpoints(transaction);
  await deliveries.lock(transaction, id);
  const [changed] = await change(transaction, { ids: [id] });
  if (changed === undefined) throw detailError(400, otherwise);
  return readDelivery(transaction, id);
}

async function changeMany(
  transaction: TenantTransaction,
  input: DeliveryChoiceInput,
  change: DeliveryChange,
): Promise<DeliveriesChanged> {
  const filter = filterOf(input);
  if (Object.keys(filter).length === 0) {
    throw invalid({ non_field_errors: ['Say which: ids, status, kind, endpoint or event.'] });
  }
  const { length: count } = await change(transaction, filter, MOST_CHANGED);
  return { count, more: count === MOST_CHANGED };
}
