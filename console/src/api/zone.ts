import { useQuery } from '@tanstack/react-query';
import { ask } from './ask.ts';
import { api } from './client.ts';
import { isSuperAdmin, useProfile } from './profile.ts';

const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Returns the agency's time zone; the browser's for staff whom the API does not tell. */
export function useZone(): string {
  const { data: profile } = useProfile();
  const { data } = useQuery({
    queryKey: ['zone'],
    queryFn: ({ signal }) => ask(() => api.get('/api/v1/agency-settings/', { signal })),
    select: ({ time_zone }) => time_zone,
    enabled: profile !== undefined && isSuperAdmin(profile),
    staleTime: 300_000,
  });
  return data ?? OWN;
}
