import { LeopardClient, newDeviceToken, webStore } from 'leopard-client';

const DEVICE = 'leopard-device';

/** Returns the token that makes this browser a known device to the log-in. */
function deviceToken(): string {
  const kept = localStorage.getItem(DEVICE) ?? newDeviceToken();
  localStorage.setItem(DEVICE, kept);
  return kept;
}

/**
 * The agency's API, and the session, which all tabs share. Browsers have no locks between tabs on pages without https:
 * there each tab has a session of its own.
 */
export const api = new LeopardClient({
  baseUrl: location.origin,
  store: webStore('locks' in navigator ? localStorage : sessionStorage),
  deviceToken: deviceToken(),
});
