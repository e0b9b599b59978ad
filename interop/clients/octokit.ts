/** octokit, which sends one write a second and no more. */
import * as octokit from 'octokit';
import { client, echo, json, streamed, thirds } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const last = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  if (pathname.includes('/zipball/')) return streamed(thirds(last), 'application/octet-stream');
  if (request.method === 'POST') return json({ body: (await request.json()).body });
  return pathname.startsWith('/users/') ? json({ login: last }) : echo(request);
}

export const octokitClient = client<{ api: octokit.Octokit }>({
  heading: 'octokit',
  modules: { octokit },
  serve,
  use({ api }) {
    const repository = { owner: 'shop', repo: 'shop' };
    const get = async (username: string) => (await api.rest.users.getByUsername({ username })).data.login;
    const download = async (ref: string) => {
      const { data } = await api.rest.repos.downloadZipballArchive({ ...repository, ref });
      return new TextDecoder().decode(data as ArrayBuffer);
    };
    const write = async (body: string) =>
      (await api.rest.issues.createComment({ ...repository, issue_number: 1, body })).data.body;
    return {
      mixed: [write, ...Array.from({ length: 50 }, () => [get, download]).flat()],
      cancelled: (username, signal) =>
        api.request('GET /users/{username}', { username, request: { signal } }),
    };
  },
});
