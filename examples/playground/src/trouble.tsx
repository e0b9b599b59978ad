/** Buttons that cause trouble. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSession } from 'evertoken/react';
import { signIn, signOutEverywhere } from './auth.ts';

type Switch = 'deny' | 'slow' | 'offline' | 'down';

/** What happens at the servers, with what is to be seen then. */
const acts = {
  expire: ['Expire the token', 'The API takes it for expired: 401, one refresh, the same request once more.'],
  revoke: ['Revoke the session', 'Its refresh token is void: the next request ends in "session expired".'],
} as const;

const switches: Record<Switch, readonly [label: string, what: string]> = {
  deny: ['Deny tokens', 'The API refuses fresh tokens too: one refresh, and then its 401 is yours.'],
  slow: ['Slow', 'API and token endpoint take three seconds.'],
  offline: ['Offline', 'API and token endpoint cannot be reached.'],
  down: ['503', 'The token endpoint is down; expire the token to need it.'],
};

async function tell(act: string): Promise<Record<Switch, boolean>> {
  const response = await fetch(`/trouble/${act}`, { method: act ? 'POST' : 'GET' });
  return response.json();
}

const key = ['trouble'];

export function Trouble() {
  const queries = useQueryClient();
  const { status } = useSession();
  const { data } = useQuery({ queryKey: key, queryFn: () => tell(''), refetchInterval: 2_000 });
  const { mutate } = useMutation({
    mutationFn: tell,
    async onSuccess(state, act) {
      queries.setQueryData(key, state);
      if (!(act in switches)) await queries.invalidateQueries({ queryKey: ['items'] });
    },
  });
  const isOut = status !== 'signed-in';
  return (
    <section className="card" aria-labelledby="trouble">
      <h2 id="trouble">Cause trouble</h2>
      <ul className="trouble">
        {Object.entries(acts).map(([act, [label, what]]) => (
          <li key={act}>
            <button type="button" disabled={isOut} onClick={() => mutate(act)}>
              {label}
            </button>
            <span>{what}</span>
          </li>
        ))}
        {(Object.keys(switches) as Switch[]).map((name) => (
          <li key={name}>
            <button type="button" aria-pressed={!!data?.[name]} onClick={() => mutate(name)}>
              {switches[name][0]}
            </button>
            <span>{switches[name][1]}</span>
          </li>
        ))}
        <li>
          <button type="button" disabled={isOut} onClick={() => signIn('login consent')}>
            Another user
          </button>
          <span>Somebody else signs in here: a new session, and the other tabs follow.</span>
        </li>
        <li>
          <button type="button" disabled={isOut} onClick={() => signOutEverywhere()}>
            Sign out everywhere
          </button>
          <span>Here, in all tabs, and at the authorization server.</span>
        </li>
      </ul>
    </section>
  );
}
