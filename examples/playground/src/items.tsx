/** A list of the API's, asked for again every five seconds. */
import { useQuery } from '@tanstack/react-query';
import { asTokenError } from 'evertoken';
import { useSession } from 'evertoken/react';
import { api, auth } from './auth.ts';

interface Item {
  readonly name: string;
  readonly owner: string;
}

async function load(signal: AbortSignal): Promise<Item[]> {
  const response = await auth.fetch(`${api}/items`, { signal });
  if (!response.ok) throw new Error(`The API answered ${response.status}.`);
  return response.json();
}

/** For a user. */
function wordsOf(error: Error): string {
  const code = asTokenError(error)?.code;
  if (code === 'refresh-failed') return 'No good token can be had at the moment.';
  return code ?? (error instanceof TypeError ? 'The API cannot be reached.' : error.message);
}

export function Items() {
  const { sessionId } = useSession();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['items', sessionId],
    queryFn: ({ signal }) => load(signal),
    refetchInterval: 5_000,
  });
  return (
    <>
      <ul className="items">
        {data?.map(({ name, owner }) => (
          <li key={name}>
            {name}, of {owner}
          </li>
        ))}
      </ul>
      {error && <p role="alert">{wordsOf(error)}</p>}
      <p>
        <button type="button" onClick={() => refetch()}>
          Load again
        </button>{' '}
        {isFetching && 'loading …'}
      </p>
    </>
  );
}
