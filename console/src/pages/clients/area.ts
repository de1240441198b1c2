import type { Area } from '../../shell/area.ts';

export const clients: Area = {
  title: 'Clients',
  pages: [
    { path: '/clients', nav: 'Clients', right: 'view_client', load: () => import('./list.tsx') },
    { path: '/clients/new', right: 'add_client', load: () => import('./new.tsx') },
    { path: '/clients/$id', right: 'view_client', load: () => import('./edit.tsx') },
  ],
};
