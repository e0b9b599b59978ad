/** SWR: hooks in components of React, one for each call. */
import { createElement, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import useSWR, * as swrModule from 'swr';
import useSWRMutation from 'swr/mutation';
import { client, formOf, textIn } from '../support/client.ts';

type Fetcher = (path: string, init?: RequestInit) => Promise<unknown>;
type Settle = PromiseWithResolvers<unknown>;

export const swr = client<{ config: swrModule.SWRConfiguration }>({
  heading: 'SWR',
  modules: { swr: swrModule },
  use({ config }, _origin, atEnd) {
    const root = createRoot(document.getElementById('root') as HTMLElement);
    atEnd(() => root.unmount());
    const shown = new Map<string, Settle & { body: RequestInit['body'] }>();

    function Item({ text, resolve, reject }: Settle & { text: string }) {
      const { data, error } = useSWR<unknown>(`/items/${encodeURIComponent(text)}`);
      useEffect(() => {
        if (data) resolve(textIn(data));
        if (error) reject(error);
      });
      return null;
    }

    function Form({ text, body, resolve, reject }: Settle & { text: string; body: RequestInit['body'] }) {
      const send = (path: string) =>
        (config.fetcher as Fetcher)(path, { method: 'POST', body: body ?? null });
      const { trigger } = useSWRMutation(`/echo?${text}`, send);
      useEffect(() => {
        trigger().then((data) => resolve(textIn(data)), reject);
      }, [trigger, resolve, reject]);
      return null;
    }

    const render = () => {
      const items = [...shown].map(([text, one]) =>
        createElement(one.body ? Form : Item, { key: text, text, ...one } as never),
      );
      root.render(createElement(swrModule.SWRConfig, { value: config }, items));
    };

    /** A component that is there until its call is over. */
    function show(text: string, body?: RequestInit['body']): Promise<unknown> {
      const one = Promise.withResolvers<unknown>();
      shown.set(text, { ...one, body });
      render();
      return one.promise.finally(() => {
        shown.delete(text);
        render();
      });
    }

    return {
      mixed: [
        (text) => show(text),
        (text) => show(text, new Blob([JSON.stringify({ text })], { type: 'application/json' })),
        (text) => show(text, formOf(text)),
      ],
    };
  },
});
