/** Opens a file as the store of a process of a fleet. */
import { type FileStoreOptions, fileStore } from '../../../src/node/index.ts';

export const open = (options: FileStoreOptions) => fileStore('fleet', options);
