/** evertoken/indexeddb: a storage that survives a reload and shows no token in a dump. */
export { indexedDbStorage } from './indexed-db-storage.ts';
