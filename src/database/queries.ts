export { type Sql as RawBuilder, sql } from './sql.js';
export type { Insertable, Selectable, Updateable } from './table-types.js';
