/** Microsoft's fetch-event-source. */
import * as fetchEventSource from '@microsoft/fetch-event-source';
import { client } from '../support/client.ts';

type Listen = (
  path: string,
  onmessage: (message: { data: string }) => void,
  signal?: AbortSignal,
) => Promise<void>;

export const fetchEventSourceClient = client<{ listen: Listen }>({
  heading: 'fetch-event-source',
  modules: { '@microsoft/fetch-event-source': fetchEventSource },
  outcome: /^answered undefined$/,
  use: ({ listen }) => ({
    mixed: [
      async (text) => {
        let read = '';
        await listen(`/events?text=${encodeURIComponent(text)}`, ({ data }) => {
          read += JSON.parse(data);
        });
        return read;
      },
    ],
    cancelled: (text, signal) => listen(`/${text}`, () => {}, signal),
  }),
});
