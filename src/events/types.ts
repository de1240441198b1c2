/** The last part of an event's type. */
export type Action = 'CREATE' | 'UPDATE' | 'DELETE';

/** A kind of record whose changes become events. */
export interface TrackedEntity {
  /** Its table in the tenant's schema. */
  readonly table: string;
  /**
   * The fields whose change makes an event, foreign keys without `_id`. If empty, a change of any field makes one
   * event, `<Entity>.UPDATE`.
   */
  readonly fields: readonly string[];
  /** Entries of its states besides its fields, always null, because readers of the events expect them. */
  readonly empty?: readonly string[];
}

export type Condition =
  | { readonly kind: 'field_was_null'; readonly field: string }
  | { readonly kind: 'field_changed'; readonly field: string }
  | { readonly kind: 'has_linked_client' }
  | { readonly kind: 'field_equals'; readonly field: string; readonly value: unknown }
  | { readonly kind: 'field_in'; readonly field: string; readonly values: readonly unknown[] };

/** A rule for who gets a notification; with several rules, each user gets it once. */
export type Recipient =
  /** The user in a field of the record, or of one that it references: `assigned_to`, `client.assigned_to`. */
  | { readonly field: string }
  /** Everybody of a role: in the tenant, or in the region or branch of the record (or of its client). */
  | { readonly role: string; readonly scope: 'tenant' | 'region' | 'branch' }
  /** Everybody in the record's branch or region. */
  | { readonly team: 'branch' | 'region' }
  | { readonly user_ids: readonly number[] };

export interface ClientActivityConfig {
  readonly activity_type: string;
  /** With `{field}`, `{old_field}`, `{new_field}`, `{client_name}` … (templates.ts). */
  readonly description_template: string;
}

export interface NotificationConfig {
  readonly type: string;
  readonly title_template: string;
  readonly message_template: string;
  readonly recipients: readonly Recipient[];
}

export interface TaskConfig {
  readonly title_template: string;
  readonly detail_template: string;
  /** Days until it is due; 1 by default. */
  readonly due_date_days?: number;
  readonly priority?: 'LOW' | 'MEDIUM' | 'HIGH' | 'URGENT';
  /** The field with the assignee. */
  readonly assigned_to_field?: string;
}

export interface EmailConfig {
  readonly subject_template: string;
  readonly body_template: string;
  readonly recipients: readonly Recipient[];
}

/** It has no settings: each tenant chooses which events go where. */
export type WebhookConfig = Readonly<Record<string, never>>;

interface Handling<Name extends string, Config> {
  readonly handler: Name;
  /** True by default. */
  readonly enabled?: boolean;
  readonly condition?: Condition;
  readonly config: Config;
}

/** The use of a handler for one type of event. Further handlers add their entry here. */
export type HandlerUse =
  | Handling<'client_activity', ClientActivityConfig>
  | Handling<'notification', NotificationConfig>
  | Handling<'task', TaskConfig>
  | Handling<'email', EmailConfig>
  | Handling<'webhook', WebhookConfig>;

export interface EventTypeConfig {
  readonly handlers: readonly HandlerUse[];
  /** Maximum number of retries of a failed event; 2 by default. */
  readonly max_retries?: number;
}

export interface EventsConfig {
  readonly entities: Readonly<Record<string, TrackedEntity>>;
  /** By type: `Client.CREATE`, `Client.assigned_to.UPDATE`, `Client.DELETE`. */
  readonly events: Readonly<Record<string, EventTypeConfig>>;
  /** The groups whose members are alerted to events that failed for good. */
  readonly alertRoles: readonly string[];
}
