/** Checks the name of a session: it becomes the name of a file, on every platform. */
import { checkMembers } from '../check.ts';

/** What Windows takes for a device, whatever its ending, and in every folder. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?:\..*)?$/i;

/** A character may have three bytes, and longer names than the file's own stand beside it for moments. */
const isLong = (name: string): boolean => name.length > 100 || Buffer.byteLength(name) > 200;

/** @throws TypeError for a name that would be another file, or none, somewhere. */
export function checkName(name: string): void {
  checkMembers('fileStore', { name }, { name: 'string' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isOdd = /[\\/:*?"<>|\u0000-\u001f\u007f]/.test(name);
  if (isOdd || /^[\s.]|[\s.]$/.test(name) || device.test(name) || isLong(name) || !name.isWellFormed())
    throw new TypeError(
      `evertoken: fileStore.name is no name of a file; expected up to 100 characters (and 200 bytes) without / \\ : * ? " < > |, no dot or space at its ends, and no device of Windows. Where the file lies is for \`path\` to say`,
    );
}
