/** What the demo uses of oidc-provider, which ships no types. */
declare module 'oidc-provider' {
  import type { EventEmitter } from 'node:events';
  import type { RequestListener } from 'node:http';

  export interface Context {
    set(headers: Record<string, string>): void;
    readonly path: string;
    readonly method: string;
    /** Of the answer. */
    body: unknown;
    readonly oidc?: {
      readonly params?: {
        readonly grant_type?: string;
        readonly refresh_token?: string;
        readonly device_code?: string;
      };
    };
  }

  export class Provider extends EventEmitter {
    constructor(issuer: string, configuration: Record<string, unknown>);
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void;
    callback(): RequestListener;
  }
}
