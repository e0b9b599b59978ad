/** urql, whose calls are sources: to leave one is to cancel it. */
import * as urql from '@urql/core';
import { client } from '../support/client.ts';
import { ECHO, PARTS, SAY, serveGraphql } from '../support/graphql.ts';

type Result = { echo?: string; say?: string };

export const urqlClient = client<{ api: urql.Client }>({
  heading: 'urql',
  modules: { '@urql/core': urql },
  serve: serveGraphql,
  outcome: /^answered left$/,
  use({ api }) {
    const dataOf = ({ data, error }: urql.OperationResult<Result>) => {
      if (error) throw error;
      return data;
    };
    return {
      mixed: [
        async (text) => dataOf(await api.query<Result>(ECHO, { text }).toPromise())?.echo,
        async (text) => dataOf(await api.mutation<Result>(SAY, { text }).toPromise())?.say,
        // A file among the variables makes it a form.
        async (text) =>
          dataOf(await api.mutation<Result>(SAY, { text: new File([text], 'a') }).toPromise())?.say,
        (text) =>
          new Promise((resolve, reject) => {
            let read = '';
            const { unsubscribe } = api
              .subscription<{ parts: string }>(PARTS, { text })
              .subscribe(({ data, error, hasNext }) => {
                if (error) reject(error);
                read += hasNext ? (data?.parts ?? '') : '';
                if (read !== text && hasNext) return;
                setTimeout(() => unsubscribe());
                resolve(read);
              });
          }),
      ],
      cancelled: (text, signal) =>
        new Promise((resolve) => {
          const { unsubscribe } = api.query(ECHO, { text }).subscribe(resolve);
          signal.addEventListener('abort', () => {
            unsubscribe();
            resolve('left');
          });
        }),
    };
  },
});
