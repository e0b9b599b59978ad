/** What every driver of a real browser offers to the scenarios. */

/** What users set otherwise. */
export interface Choices {
  /** Where the engine can: sites may keep nothing at all. @default false */
  readonly blocksCookies?: boolean;
}

export interface Engine {
  readonly name: 'Chromium' | 'Firefox' | 'WebKitGTK';
  /** Path of the program on PATH, undefined: not installed. */
  readonly program: string | undefined;
  launch(choices?: Choices): Promise<Browser>;
}

export interface Browser {
  readonly version: string;
  /** Another tab of the one profile. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

export interface Tab {
  /**
   * The value of an expression; a promise is awaited; JSON only.
   * Several may be under way at once, in one tab and in several.
   */
  evaluate<T>(expression: string): Promise<T>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
  /** Only where the engine can. */
  crash?(): Promise<void>;
  freeze?(): Promise<void>;
  thaw?(): Promise<void>;
  setOffline?(offline: boolean): Promise<void>;
}
