/** The types of a column's value as it is read, as it is inserted and as it is changed. */
export interface ColumnType<Read, New = Read, Changed = Read> {
  readonly read: Read;
  readonly new: New;
  readonly changed: Changed;
}

/** A column that fills itself in where a new row does not. */
export type Generated<Value> = ColumnType<Value, Value | undefined, Value>;

type In<Use extends keyof ColumnType<unknown>, Column> =
  Column extends ColumnType<unknown, unknown, unknown> ? Column[Use] : Column;

/** The columns that a new row may leave out. */
type Optional<Table> = {
  [C in keyof Table]: undefined extends In<'new', Table[C]>
    ? C
    : null extends In<'new', Table[C]>
      ? C
      : never;
}[keyof Table];

/** A row as it is read. */
export type Selectable<Table> = { [C in keyof Table]: In<'read', Table[C]> };

/** A new row: columns that may be null, or that fill themselves in, may be left out. */
export type Insertable<Table> = { [C in Exclude<keyof Table, Optional<Table>>]: In<'new', Table[C]> } & {
  [C in Optional<Table>]?: In<'new', Table[C]>;
};

/** A change of some columns of a row. */
export type Updateable<Table> = { [C in keyof Table]?: In<'changed', Table[C]> | undefined };
