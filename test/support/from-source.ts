/** What a Node that runs the source as it is has to be told. */
import { pathToFileURL } from 'node:url';

const importing = (script: string) => ['--import', `data:text/javascript,${encodeURIComponent(script)}`];

/** Which build it is. */
export const fromSource = importing('globalThis.__DEVELOPMENT__ = true');

/** And where the package is, for programs that import it by its name. */
export const packageFromSource = [
  ...fromSource,
  ...importing(`import { registerHooks } from 'node:module';
    registerHooks({
      resolve(name, context, next) {
        const [, entry] = /^evertoken(?:\\/(\\w+))?$/.exec(name) ?? [];
        if (!/^evertoken(?:\\/|$)/.test(name)) return next(name, context);
        return next('${pathToFileURL('src/').href}' + (entry ? entry + '/' : '') + 'index.ts', context);
      },
    });`),
];
