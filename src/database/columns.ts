/** What is known of one column of a tenant's table. */
export interface Column {
  readonly name: string;
  /** As format_type writes it, without length: `character varying`, `timestamp with time zone`. */
  readonly type: string;
  /** The table that its foreign key leads to. */
  readonly references?: string;
}

/** The columns of a tenant's tables, by table, in their order. */
export type TenantColumns = Readonly<Record<string, readonly Column[]>>;
