/** Lines that must compile, of the hooks. */
import type { TokenManager } from 'evertoken';
import { type RequireSessionProps, useSession, useTokenEvent } from 'evertoken/react';

declare const auth: TokenManager;

// Every optional property takes undefined.
export const guard: RequireSessionProps = {
  auth: undefined,
  fallback: null,
  pending: undefined,
  children: undefined,
};

/** `'*'` takes what `auth.on` takes. */
export function useAll(listen: (event: string) => void): string | undefined {
  useTokenEvent(auth, 'signed-out', ({ reason, elsewhere }) =>
    listen(`${reason satisfies string} ${elsewhere}`),
  );
  useTokenEvent(undefined, '*', (event, payload) => event === 'refresh-failed' && payload.retryAt);
  useTokenEvent(undefined, '*', (event) => listen(event));
  auth.on('*', (event) => listen(event));
  return useSession(undefined).claims.name;
}
