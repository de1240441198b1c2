import { useQuery } from '@tanstack/react-query';
import type { Schemas } from 'leopard-client';
import { ask } from './ask.ts';
import { api } from './client.ts';

export type Profile = Schemas['UserProfile'];

/** Returns the signed-in user with their rights; they are read anew every minute in which somebody looks. */
export function useProfile() {
  return useQuery({
    queryKey: ['profile'],
    queryFn: ({ signal }) => ask(() => api.get('/api/v1/users/profile/', { signal })),
    staleTime: 60_000,
  });
}

/** Returns whether the user's role covers the whole agency, as the API's own check does. */
export function isSuperAdmin({ groups_list, is_superuser }: Profile): boolean {
  return groups_list.includes('SUPER_ADMIN') || (is_superuser && groups_list.length === 0);
}

/** Returns whether the user may use the console. */
export function mayUseConsole(profile: Profile): boolean {
  return profile.is_staff || isSuperAdmin(profile);
}

/** A permission's codename, such as `view_client`, or `super_admin` for what only that role may do. */
export type Right = string;

/** Returns a function that tells whether the user has a right. The server checks it again. */
export function useMay(): (right: Right | undefined) => boolean {
  const { data } = useProfile();
  return (right) => {
    if (right === undefined) return true;
    if (!data) return false;
    if (right === 'super_admin') return isSuperAdmin(data);
    return data.permissions.some(({ codename }) => codename === right);
  };
}
