/** The polyfill has no types of its own; it is made after the standard. */
declare module 'whatwg-fetch' {
  export const { Headers, Request, Response }: typeof globalThis;
}
