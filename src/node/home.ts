/** The home folder of a user who has none. */
import { homedir } from 'node:os';

/*
 * Without an entry of the user and without `HOME` Node throws, and env-paths asks as it is loaded: nobody could import
 * the package, not even to give a path. So this module is loaded before that one.
 */

function hasHome(): boolean {
  try {
    homedir();
    return true;
  } catch {
    return false;
  }
}

const isMissing = !hasHome();
if (isMissing) process.env['HOME'] = '';

/** What is empty is no absolute path, and is refused as such. */
export function forgetHome(): void {
  if (isMissing) delete process.env['HOME'];
}
