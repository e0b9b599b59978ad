/** The code blocks of a page, as files that are nowhere but in the compiler's mind. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const endings: Record<string, string> = { typescript: 'ts', javascript: 'js' };

/** @returns The texts by the names that the files would have. */
export function blocks(page: string): Record<string, string> {
  const markdown = readFileSync(page, 'utf8');
  const found: Record<string, string> = {};
  for (const { 1: language = '', 2: text = '', index } of markdown.matchAll(
    /^```(\w+).*\n([\s\S]*?)^```/gm,
  )) {
    const ending = endings[language] ?? language;
    const line = markdown.slice(0, index).split('\n').length;
    if (/^[cm]?[jt]sx?$/.test(ending)) found[resolve(`${page.slice(0, -3)}.line-${line}.${ending}`)] = text;
  }
  return found;
}
