/** evertoken/node: a store in a file, for all processes of one user on one machine. */
export { type FileStoreOptions, fileStore } from './file-store.ts';
