/** The statuses of a visa application, in the order of its steps. */
export const VISA_STATUSES = [
  'TO_BE_APPLIED',
  'VISA_APPLIED',
  'CASE_OPENED',
  'GRANTED',
  'REJECTED',
  'WITHDRAWN',
] as const;
export type Status = (typeof VISA_STATUSES)[number];
