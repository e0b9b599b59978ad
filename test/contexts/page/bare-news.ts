/** What news costs at least on this machine: a message, and a read of each storage, without any package. */
import { databaseStorage } from './database.ts';

export function createBareNews() {
  const arrivals: number[] = [];
  let channel: BroadcastChannel | undefined;
  let database: ReturnType<typeof databaseStorage> | undefined;
  return {
    listenBare(): void {
      database = databaseStorage();
      channel = new BroadcastChannel('bare-news');
      channel.onmessage = async () => {
        localStorage.getItem('bare-news');
        await database?.getItem('bare-news');
        arrivals.push(Date.now());
      };
    },
    /** Answers when it was, in milliseconds since the epoch. */
    tellBare(): number {
      channel?.postMessage(1);
      return Date.now();
    },
    /** When news came. */
    bareArrivals: () => arrivals,
  };
}
