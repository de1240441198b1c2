interface Parameter {
  readonly in: string;
  readonly description?: string;
  readonly schema: { readonly type?: unknown };
}

const CODES = /^one (?:or several )?of ([A-Z_]+(?:, [A-Z_]+)*)(?:; any other value: an empty list)?$/;
const REPEATED = /repeat it for several/;

/**
 * Returns a parameter with the values that its filter takes, one or several. The document shows such filters as plain
 * texts, as recorded clients know them, and lists the values in the description.
 */
export function withChoices<P extends Parameter>(parameter: P): P {
  const { description = '', schema } = parameter;
  if (parameter.in !== 'query' || schema.type !== 'string') return parameter;
  const codes = CODES.exec(description)?.[1]?.split(', ');
  if (!codes && !REPEATED.test(description)) return parameter;
  const value = codes ? { type: 'string', enum: codes } : { type: 'string' };
  return { ...parameter, schema: { oneOf: [value, { type: 'array', items: value }] } };
}
