/** All clients of docs/clients.md that run in Node. */
import { aiSdk } from '../clients/ai-sdk.ts';
import { anthropicClient } from '../clients/anthropic.ts';
import { apolloClient } from '../clients/apollo.ts';
import { axiosClient } from '../clients/axios.ts';
import { connect } from '../clients/connect.ts';
import { directusClient } from '../clients/directus.ts';
import { eventSource } from '../clients/eventsource.ts';
import { graphqlRequestClient } from '../clients/graphql-request.ts';
import { heyApiClient } from '../clients/hey-api.ts';
import { ky1Client, ky2Client } from '../clients/ky.ts';
import { mcp } from '../clients/mcp.ts';
import { octokitClient } from '../clients/octokit.ts';
import { ofetchClient } from '../clients/ofetch.ts';
import { openaiClient } from '../clients/openai.ts';
import { openapiFetchClient } from '../clients/openapi-fetch.ts';
import { pocketbase } from '../clients/pocketbase.ts';
import { rtkQuery } from '../clients/rtk-query.ts';
import { supabaseClient } from '../clients/supabase.ts';
import { tanstackQuery } from '../clients/tanstack-query.ts';
import { trpc } from '../clients/trpc.ts';
import { upFetchClient } from '../clients/up-fetch.ts';
import { urqlClient } from '../clients/urql.ts';
import { wretchClient } from '../clients/wretch.ts';
import type { Client } from './client.ts';

export const clients: Client<never>[] = [
  ...[ky2Client, ky1Client, axiosClient, ofetchClient, wretchClient, upFetchClient],
  ...[openapiFetchClient, heyApiClient, graphqlRequestClient, urqlClient, apolloClient, trpc, connect],
  ...[supabaseClient, openaiClient, anthropicClient, aiSdk, octokitClient, directusClient, pocketbase],
  ...[tanstackQuery, rtkQuery, eventSource, mcp],
];
