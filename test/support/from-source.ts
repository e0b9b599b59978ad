/** What a Node that runs the source as it is has to be told: which build it is. */
export const fromSource = ['--import', 'data:text/javascript,globalThis.__DEVELOPMENT__ = true'];
