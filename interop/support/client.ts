/** What a client is to the harness: lines of docs/clients.md, a server it can talk to, and calls. */
import type { TokenManager } from 'evertoken';

/** Answers with the text it was given, as the server has sent it back. */
export type Call = (text: string) => Promise<unknown>;

export interface Calls {
  /** Made in turn. */
  mixed: Call[];
  /** One that the server never answers, if the client can cancel. */
  cancelled?: (text: string, signal: AbortSignal) => Promise<unknown>;
}

export interface Client<Recipe> {
  /** In docs/clients.md. */
  readonly heading: string;
  readonly name?: string;
  /** What its lines import. */
  readonly modules: Record<string, object>;
  /** Answers what bore a good token; default: {@link echo}. */
  readonly serve?: (request: Request) => Response | Promise<Response>;
  /** What becomes of a call that was cancelled: a rejection, or a value. */
  readonly outcome?: RegExp;
  /** Why the connection of a cancelled call stays. */
  readonly keepsConnection?: string;
  /** @param atEnd - Runs what it is given when the test is over. */
  use(
    recipe: Recipe & { auth: TokenManager },
    origin: string,
    atEnd: (task: () => void | Promise<void>) => void,
  ): Calls | Promise<Calls>;
}

/** For its types. */
export const client = <Recipe>(one: Client<Recipe>): Client<Recipe> => one;

export const json = (body: unknown): Response => Response.json(body);

/** A body in several chunks, which come one after the other. */
export function streamed(chunks: string[], type: string): Response {
  const rest = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const chunk = rest.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  });
  return new Response(body, { headers: { 'content-type': type } });
}

/** Server-sent events, one for each value. */
export const events = (values: unknown[], end: string[] = []): Response =>
  streamed([...values.map((value) => `data: ${JSON.stringify(value)}\n\n`), ...end], 'text/event-stream');

/** The text in thirds. */
export const thirds = (text: string): string[] => {
  const third = Math.ceil(text.length / 3);
  return [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)];
};

/** The text of a part of a form, which may be a file. */
export const textOf = async (form: FormData, name = 'text'): Promise<string> => {
  const part = form.get(name);
  return part instanceof File ? part.text() : `${part}`;
};

/** `{ text }` of a query, a JSON body, a form or a plain body; below `/stream` and `/events` in several chunks. */
export async function echo(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const query = searchParams.get('text') ?? '';
  if (pathname.startsWith('/stream')) return streamed(thirds(query), 'text/plain');
  if (pathname.startsWith('/events')) return events(thirds(query));
  if (pathname.startsWith('/items/')) return json({ text: decodeURIComponent(pathname.slice(7)) });
  const type = request.headers.get('content-type') ?? '';
  if (!request.body) return json({ text: query });
  if (type.startsWith('multipart/form-data')) return json({ text: await textOf(await request.formData()) });
  if (type.startsWith('application/json')) return json({ text: (await request.json()).text });
  return json({ text: await request.text() });
}

export const formOf = (text: string, name = 'text'): FormData => {
  const form = new FormData();
  form.set(name, new File([text], 'text.txt', { type: 'text/plain' }));
  return form;
};

/** What is read of a body, chunk by chunk. */
export async function readAll(body: ReadableStream<Uint8Array> | null | undefined): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** The `text` of an answer. */
export const textIn = (body: unknown): unknown => (body as { text?: unknown } | undefined)?.text;
