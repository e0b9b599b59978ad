/** The path of an entry whose user has named none. */
/*! env-paths, is-safe-filename: MIT License © Sindre Sorhus */
// biome-ignore-all assist/source/organizeImports: env-paths has to be loaded after it
import { join } from 'node:path';
import { forgetHome } from './home.ts';
import envPaths from 'env-paths';

forgetHome();

/** In the folder for data of the platform: of the machine, because a profile that moves about would bring old tokens. */
export const defaultPath = (name: string): string =>
  join(envPaths('evertoken', { suffix: '' }).data, `${name}.json`);
