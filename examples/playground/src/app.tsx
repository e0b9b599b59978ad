/** The two screens: the list for whoever is signed in, and the way in for everybody else. */
import { RequireSession, type Session, useSession } from 'evertoken/react';
import { signIn } from './auth.ts';
import { Items } from './items.tsx';
import { Trouble } from './trouble.tsx';

/** Why there is no session, in words for a user. */
function reasonOf({ reason, elsewhere }: Session): string {
  if (reason === 'ended') return 'Your session has expired. Sign in again to go on.';
  if (reason === 'local') return elsewhere ? 'You have signed out in another tab.' : 'You have signed out.';
  return 'Sign in to see the list. Any name and password will do.';
}

function SignIn({ session, failure }: { session: Session; failure: string | undefined }) {
  return (
    <section className="card" aria-labelledby="sign-in">
      <h2 id="sign-in">{session.reason === 'ended' ? 'Session expired' : 'Signed out'}</h2>
      <p role="status">{reasonOf(session)}</p>
      {failure && <p role="alert">{failure}</p>}
      <button type="button" className="first" onClick={() => signIn()}>
        Sign in
      </button>
    </section>
  );
}

/** Shown while the last refresh has failed and the session goes on. */
function Reconnecting() {
  const { reconnecting, retryAt = 0 } = useSession();
  if (!reconnecting) return null;
  const at = new Date(retryAt).toLocaleTimeString();
  return <p role="status">Reconnecting: the authorization server did not answer. Next try at {at}.</p>;
}

function Home() {
  const { claims } = useSession();
  return (
    <section className="card" aria-labelledby="list">
      <h2 id="list">Hello {claims.sub}</h2>
      <Reconnecting />
      <Items />
    </section>
  );
}

export function App({ failure }: { failure: string | undefined }) {
  return (
    <main>
      <header>
        <h1>evertoken playground</h1>
        <a href="/" target="_blank" rel="noopener">
          Open another tab
        </a>
      </header>
      <RequireSession
        pending={<p role="status">One moment …</p>}
        fallback={(session) => <SignIn session={session} failure={failure} />}
      >
        <Home />
      </RequireSession>
      <Trouble />
    </main>
  );
}
