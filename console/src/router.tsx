import { createRootRoute, createRoute, createRouter, Navigate } from '@tanstack/react-router';
import { lazy, type ReactElement } from 'react';
import { parseSearch, stringifySearch } from './api/address.ts';
import { useMay } from './api/profile.ts';
import { t } from './i18n/index.ts';
import { AREAS } from './pages/areas.ts';
import type { Page } from './shell/area.ts';
import { NotAllowed, NotFound, PageFailed } from './shell/error-page.tsx';
import { SignedIn } from './shell/signed-in.tsx';

const root = createRootRoute({
  component: SignedIn,
  notFoundComponent: NotFound,
  errorComponent: PageFailed,
});

function Home() {
  const may = useMay();
  const first = AREAS.flatMap(({ pages }) => pages).find(({ nav, right }) => nav && may(right));
  if (first) return <Navigate to={first.path} replace />;
  return (
    <p>{t('Your roles hold no permission for any of these pages. Ask an administrator of your agency.')}</p>
  );
}

/** Renders a page for who has the right to it. */
function Guarded({ page, content }: { readonly page: Page; readonly content: ReactElement }) {
  return useMay()(page.right) ? content : <NotAllowed />;
}

function componentOf(page: Page) {
  const Content = lazy(page.load);
  return () => <Guarded page={page} content={<Content />} />;
}

const pages = AREAS.flatMap((area) => area.pages).map((page) =>
  createRoute({ getParentRoute: () => root, path: page.path, component: componentOf(page) }),
);
const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

/** The console's pages below /admin. */
export const router = createRouter({
  routeTree: root.addChildren([home, ...pages]),
  basepath: '/admin',
  parseSearch,
  stringifySearch,
  defaultErrorComponent: PageFailed,
  defaultPendingMs: 300,
  scrollRestoration: false,
});
