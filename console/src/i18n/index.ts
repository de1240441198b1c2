import i18next from 'i18next';
import en from './en.json';

/** The languages: a file of texts by the English text. English texts stand in the source, with plurals in en.json. */
export const LANGUAGES: Readonly<Record<string, { readonly name: string; readonly texts: object }>> = {
  en: { name: 'English', texts: en },
};

const KEPT = 'leopard-language';

function chosen(): string {
  const wanted = [localStorage.getItem(KEPT) ?? '', ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag) => tag in LANGUAGES) ?? 'en';
}

/** Sets the language up, before anything is shown. */
export function startLanguage(): void {
  void i18next.init({
    lng: chosen(),
    fallbackLng: 'en',
    resources: Object.fromEntries(
      Object.entries(LANGUAGES).map(([tag, { texts }]) => [tag, { translation: texts }]),
    ),
    initAsync: false,
    keySeparator: false,
    nsSeparator: false,
    returnEmptyString: false,
    // React shows texts as text.
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = i18next.language;
  document.documentElement.dir = i18next.dir();
}

/** Keeps another language, and shows the page in it. */
export function chooseLanguage(tag: string): void {
  localStorage.setItem(KEPT, tag);
  location.reload();
}

export const language = () => i18next.language;

/**
 * Returns an English text in the chosen language.
 * @example t('{{count}} selected', { count: 3 })
 */
export function t(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return i18next.t(text, values);
}

/** Returns a number as the language writes it. Integers as text keep all their digits. */
export function number(value: number | string): string {
  const format = new Intl.NumberFormat(i18next.language, { maximumFractionDigits: 20 });
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return format.format(BigInt(value));
  return format.format(Number(value));
}
