/** Checks the name of a session: it becomes the name of a file, on every platform. */
import { checkMembers } from '../check.ts';

/** What Windows takes for a device, whatever its ending, and in every folder. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?:\..*)?$/i;

/** @throws TypeError for a name that would be another file, or none, somewhere. */
export function checkName(name: string): void {
  checkMembers('fileStore', { name }, { name: 'string' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isOdd = /[\\/:*?"<>|\u0000-\u001f\u007f]/.test(name);
  if (isOdd || /^[\s.]|[\s.]$/.test(name) || device.test(name) || name.length > 100 || !name.isWellFormed())
    throw new TypeError(
      `evertoken: fileStore.name is no name of a file; expected up to 100 characters without / \\ : * ? " < > |, no dot or space at its ends, and no device of Windows. Where the file lies is for \`path\` to say`,
    );
}
