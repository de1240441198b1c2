import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { isSuperAdmin, useMay, useProfile } from '../api/profile.ts';
import { signOut } from '../api/session.ts';
import { chooseLanguage, LANGUAGES, language, t } from '../i18n/index.ts';
import { AREAS } from '../pages/areas.ts';
import { ServerAway } from './banner.tsx';
import { CommandMenu } from './command-menu.tsx';
import { Help } from './help.tsx';
import { type Command, useCommands } from './shortcuts.ts';
import { setTheme, type Theme, theme } from './theme.ts';
import { Toasts } from './toasts.tsx';

/** The frame of every page: navigation by rights, commands, help, messages. */
export function Layout() {
  const { data: profile } = useProfile();
  const may = useMay();
  const go = useNavigate();
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const [open, setOpen] = useState<'commands' | 'help' | null>(null);
  const rights = JSON.stringify(profile?.permissions.length ?? null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: they change with the rights alone
  const commands = useMemo((): readonly Command[] => {
    const pages = AREAS.flatMap((area) => area.pages).filter(({ nav, right }) => nav && may(right));
    return [
      ...pages.map(({ nav = '', path }) => ({ label: t(nav), run: () => void go({ to: path }) })),
      { label: t('Help: keys'), key: '?', run: () => setOpen('help') },
      {
        label: t('Search this list'),
        key: '/',
        run: () => document.querySelector<HTMLElement>('search input')?.focus(),
      },
      { label: t('Light colours'), run: () => setTheme('light') },
      { label: t('Dark colours'), run: () => setTheme('dark') },
      { label: t('Colours of the system'), run: () => setTheme('system') },
      { label: t('Sign out'), run: () => void signOut() },
    ];
  }, [rights]);
  useCommands(commands);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      setOpen((now) => (now === null && !document.querySelector('dialog[open]') ? 'commands' : now));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    main.current?.focus(); // the new page is read from its beginning
    document.title = 'Leopard';
  }, [pathname]);

  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {t('Skip to the content')}
      </button>
      <header className="top">
        <Link to="/" className="brand">
          Leopard
        </Link>
        <button type="button" onClick={() => setOpen('commands')}>
          {t('Search')} <kbd>Ctrl K</kbd>
        </button>
        <span className="push" />
        <button type="button" aria-label={t('Help')} onClick={() => setOpen('help')}>
          ?
        </button>
        <details className="menu">
          <summary dir="auto">{profile?.full_name || profile?.username}</summary>
          <div className="panel end">
            {profile && isSuperAdmin(profile) && <p className="help">{t('Administrator')}</p>}
            <Choice
              label={t('Colours')}
              value={theme()}
              choices={{ system: t('of the system'), light: t('light'), dark: t('dark') }}
              onChange={(chosen) => setTheme(chosen as Theme)}
            />
            {Object.keys(LANGUAGES).length > 1 && (
              <Choice
                label={t('Language')}
                value={language()}
                choices={Object.fromEntries(Object.entries(LANGUAGES).map(([tag, { name }]) => [tag, name]))}
                onChange={chooseLanguage}
              />
            )}
            <button type="button" onClick={() => void signOut()}>
              {t('Sign out')}
            </button>
          </div>
        </details>
      </header>
      <ServerAway />
      <div className="frame">
        <Navigation />
        <main id="main" ref={main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Toasts />
      {open === 'commands' && <CommandMenu onClose={() => setOpen(null)} />}
      {open === 'help' && <Help onClose={() => setOpen(null)} />}
    </>
  );
}

function Navigation() {
  const may = useMay();
  return (
    <nav className="main" aria-label={t('Main')}>
      {AREAS.map(({ title, pages }) => {
        const shown = pages.filter(({ nav, right }) => nav && may(right));
        if (shown.length === 0) return null;
        return (
          <div key={title}>
            <h2>{t(title)}</h2>
            <ul className="plain">
              {shown.map(({ nav = '', path }) => (
                <li key={path}>
                  <Link to={path}>{t(nav)}</Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: Readonly<Record<string, string>>;
  onChange(value: string): void;
}

function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <label className="field">
      {label}
      <select defaultValue={value} onChange={({ target }) => onChange(target.value)}>
        {Object.entries(choices).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
