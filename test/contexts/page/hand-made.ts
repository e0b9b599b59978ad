/** What others do: a lock around the refresh, and the stored record read again behind it. Not enough, as a test shows. */

interface Record {
  access_token: string;
  refresh_token: string;
}

const KEY = 'hand-made';
const read = (): Record => JSON.parse(localStorage.getItem(KEY) ?? '{}');

export function createHandMade({ api, tokenEndpoint }: { api: string; tokenEndpoint: string }) {
  const send = ({ access_token }: Record) =>
    fetch(`${api}/items`, { headers: { authorization: `Bearer ${access_token}` }, cache: 'no-store' });

  async function refresh(refused: Record): Promise<void> {
    const record = read();
    if (record.access_token !== refused.access_token) return;
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: record.refresh_token });
    const response = await fetch(tokenEndpoint, { method: 'POST', body });
    if (response.ok) localStorage.setItem(KEY, await response.text());
  }

  return {
    signIn: (record: Record) => localStorage.setItem(KEY, JSON.stringify(record)),
    async get(): Promise<number> {
      const record = read();
      const response = await send(record);
      if (response.status !== 401) return response.status;
      await navigator.locks.request(KEY, () => refresh(record));
      return (await send(read())).status;
    },
  };
}
