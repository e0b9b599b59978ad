/** What news cannot cost less than: an entry is written and a message sent, and who hears it reads the entry. */

const now = () => performance.timeOrigin + performance.now();
const channel = new BroadcastChannel('bare');
/** When the entry of each number was read. */
const arrivals = new Map();
const waiting = new Map();

const database = new Promise((resolve, reject) => {
  const opening = indexedDB.open('bare', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('entries');
  opening.onsuccess = () => resolve(opening.result);
  opening.onerror = () => reject(opening.error);
});

/** Reads the entry, or writes it. */
async function visit(entry) {
  const transaction = (await database).transaction('entries', entry ? 'readwrite' : 'readonly');
  const entries = transaction.objectStore('entries');
  const request = entry ? entries.put(entry, 'entry') : entries.get('entry');
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Resolves with the moment at which the entry of this number was written. */
export async function tell(number) {
  await visit({ number, value: 'x'.repeat(2_000) });
  const at = now();
  channel.postMessage('');
  return at;
}

/** Resolves with the moment at which the entry of this number was read. */
export const hear = (number) =>
  new Promise((resolve) => {
    if (arrivals.has(number)) resolve(arrivals.get(number));
    else waiting.set(number, resolve);
  });

channel.addEventListener('message', async () => {
  const { number } = await visit();
  const at = now();
  arrivals.set(number, at);
  waiting.get(number)?.(at);
});
