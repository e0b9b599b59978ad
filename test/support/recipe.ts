/** Runs a code block of the documentation as it stands there. */
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import * as evertoken from 'evertoken';
import * as firebase from 'evertoken/firebase';
import ts from 'typescript';

const own: Record<string, object> = { evertoken, 'evertoken/firebase': firebase };

/**
 * The first code block under a heading; `''` is above all of them.
 *
 * @param replaced - Texts of the block, such as origins, that stand for others here.
 */
export function recipeOf(path: string, heading: string, replaced: Record<string, string> = {}): string {
  const text = readFileSync(path, 'utf8');
  const sections = text.split(/^(?=## )/m);
  const section = heading ? sections.find((part) => part.startsWith(`## ${heading}\n`)) : sections[0];
  let block = /^```tsx?\n([\s\S]*?)^```/m.exec(section ?? '')?.[1];
  if (!block) throw new Error(`${path} has no code under "${heading}"`);
  for (const [text, other] of Object.entries(replaced)) {
    if (!block.includes(text)) throw new Error(`the code under "${heading}" does not name ${text}`);
    block = block.replaceAll(text, other);
  }
  return block;
}

/**
 * What the first code block under a heading exports.
 *
 * @param replaced - Texts of the block, such as origins, that stand for others here.
 * @param modules - What it may import beside this package.
 */
export function runRecipe<T>(
  path: string,
  heading: string,
  replaced: Record<string, string> = {},
  modules: Record<string, object> = {},
): T {
  const block = recipeOf(path, heading, replaced);
  const compilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    jsx: ts.JsxEmit.ReactJSX,
  };
  // A module with elements is known by its name.
  const fileName = modules['react/jsx-runtime'] && 'recipe.tsx';
  const { outputText } = ts.transpileModule(block, { compilerOptions, ...(fileName && { fileName }) });
  const exported = {};
  // A module namespace, which it is not known as here.
  const load = (name: string) => ({ __esModule: true, ...(modules[name] ?? own[name] ?? {}) });
  compileFunction(outputText, ['require', 'exports'])(load, exported);
  return exported as T;
}
