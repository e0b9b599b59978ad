/** evertoken/idle: signs out whoever has gone away, and whoever has been there too long. */
export type { IdleOptions, IdleWarning } from './options.ts';
export { signOutWhenIdle } from './sign-out-when-idle.ts';
