/**
 * A text as the search compares it: small letters without accents, so that "nguyen" is "Nguyễn"; other scripts as they
 * are. Does what search_fold() of migrations/tenant/0023_search.sql does to the texts of records.
 */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replaceAll('đ', 'd');
}
