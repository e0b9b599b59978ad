/** The code blocks of a page, as files that are nowhere but in the compiler's mind. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const endings: Record<string, string> = { typescript: 'ts', javascript: 'js' };

/** @returns The texts by the names that the files would have; behind its language a block may name its own. */
export function blocks(page: string): Record<string, string> {
  const markdown = readFileSync(page, 'utf8');
  const found: Record<string, string> = {};
  for (const { 1: language = '', 2: name = '', 3: text = '', index } of markdown.matchAll(
    /^```(\w+) ?(.*)\n([\s\S]*?)^```/gm,
  )) {
    const ending = endings[language] ?? language;
    const line = markdown.slice(0, index).split('\n').length;
    const path = name ? join(dirname(page), name) : `${page.slice(0, -3)}.line-${line}.${ending}`;
    if (/^[cm]?[jt]sx?$/.test(ending)) found[resolve(path)] = text;
  }
  return found;
}
