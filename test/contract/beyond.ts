/** Operations that are served although the contract does not know them. */
export const OPERATIONS_BEYOND: readonly string[] = [];
