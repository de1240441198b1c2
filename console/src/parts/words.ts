import { t } from '../i18n/index.ts';

/** Returns a code of the API as words: `TO_BE_APPLIED` → `To be applied`. */
export function words(code: string | null | undefined): string {
  if (!code) return '';
  const text = code.replaceAll('_', ' ').toLowerCase();
  return t(text.charAt(0).toUpperCase() + text.slice(1));
}
