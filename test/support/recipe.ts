/** Runs a code block of the documentation as it stands there. */
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import * as evertoken from 'evertoken';
import * as firebase from 'evertoken/firebase';
import ts from 'typescript';

const modules: Record<string, unknown> = { evertoken, 'evertoken/firebase': firebase };

/**
 * What the first code block under a heading exports.
 *
 * @param replaced - Texts of the block, such as origins, that stand for others here.
 */
export function runRecipe<T>(path: string, heading: string, replaced: Record<string, string> = {}): T {
  const text = readFileSync(path, 'utf8');
  const section = text.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`));
  let block = /^```ts\n([\s\S]*?)^```/m.exec(section ?? '')?.[1];
  if (!block) throw new Error(`${path} has no code under "${heading}"`);
  for (const [own, other] of Object.entries(replaced)) {
    if (!block.includes(own)) throw new Error(`the code under "${heading}" does not name ${own}`);
    block = block.replaceAll(own, other);
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(block, { compilerOptions });
  const exported = {};
  compileFunction(outputText, ['require', 'exports'])((name: string) => modules[name], exported);
  return exported as T;
}
