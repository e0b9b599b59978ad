/** evertoken/devtools: a panel that shows what managers do, in the page of whoever writes the app. */
export { type DevtoolsOptions, defineDevtools, mountDevtools } from './mount.ts';
