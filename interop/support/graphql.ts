/** A GraphQL server as the web standards have it: JSON, forms with files, and subscriptions in two dialects. */
import { buildSchema, graphql } from 'graphql';
import { json, streamed, textOf, thirds } from './client.ts';

const schema = buildSchema(`
  type Query { echo(text: String!): String }
  type Mutation { say(text: String!): String }
  type Subscription { parts(text: String!): String }
  scalar Upload
`);

export const ECHO = 'query Echo($text: String!) { echo(text: $text) }';
export const SAY = 'mutation Say($text: String!) { say(text: $text) }';
export const PARTS = 'subscription Parts($text: String!) { parts(text: $text) }';

interface Operation {
  query: string;
  variables: { text: string };
}

/** https://github.com/jaydenseric/graphql-multipart-request-spec, with one file. */
async function fromForm(form: FormData): Promise<Operation> {
  const operation = JSON.parse(await textOf(form, 'operations')) as Operation;
  const [part = ''] = Object.keys(JSON.parse(await textOf(form, 'map')));
  return { ...operation, variables: { text: await textOf(form, part) } };
}

/** Each third of the text as an event (SSE) or a part (multipart). */
function subscription(text: string, accept: string): Response {
  const values = thirds(text).map((parts) => ({ data: { parts } }));
  if (!accept.includes('multipart/mixed'))
    return streamed(
      [...values.map((value) => `event: next\ndata: ${JSON.stringify(value)}\n\n`), 'event: complete\n\n'],
      'text/event-stream',
    );
  const part = (payload: object) =>
    `--graphql\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ payload })}\r\n`;
  return streamed([...values.map(part), '--graphql--\r\n'], 'multipart/mixed; boundary=graphql');
}

export async function serveGraphql(request: Request): Promise<Response> {
  const isForm = request.headers.get('content-type')?.startsWith('multipart/form-data');
  const { query, variables } = isForm
    ? await fromForm(await request.formData())
    : ((await request.json()) as Operation);
  const { text } = variables;
  if (query.trimStart().startsWith('subscription'))
    return subscription(text, request.headers.get('accept') ?? '');
  const rootValue = { echo: () => text, say: () => text };
  return json(await graphql({ schema, source: query, variableValues: variables, rootValue }));
}
