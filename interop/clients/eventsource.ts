/** eventsource 4. */
import * as eventsource from 'eventsource';
import { client } from '../support/client.ts';

export const eventSource = client<{ listen: (path: string) => eventsource.EventSource }>({
  heading: 'eventsource',
  modules: { eventsource },
  outcome: /^answered closed$/,
  use: ({ listen }) => ({
    mixed: [
      (text) =>
        new Promise((resolve, reject) => {
          const source = listen(`/events?text=${encodeURIComponent(text)}`);
          let read = '';
          let count = 0;
          source.onmessage = ({ data }) => {
            read += JSON.parse(data);
            if (++count < 3) return;
            source.close();
            resolve(read);
          };
          source.onerror = reject;
        }),
    ],
    cancelled: (text, signal) =>
      new Promise((resolve) => {
        const source = listen(`/${text}`);
        signal.addEventListener('abort', () => {
          source.close();
          resolve('closed');
        });
      }),
  }),
});
