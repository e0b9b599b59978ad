/** Reads source files the way the compiler does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The paths of all TypeScript files under `folder`, relative to it. */
export function list(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();
}

export function parse(...path: string[]): ts.SourceFile {
  const file = join(...path);
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

export const lineCount = (file: ts.SourceFile): number => file.text.trimEnd().split('\n').length;

/** What a file imports and re-exports; type imports and `import()` included. */
export function imports(file: ts.SourceFile): string[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Every node below `node`, itself first. */
export function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* walk(child);
}

/** The tokens that run, with single spaces between: no comments, texts or types. */
export function code(node: ts.Node): string {
  const silent =
    ts.isJSDoc(node) ||
    ts.isTypeNode(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    (ts.isLiteralExpression(node) && !ts.isNumericLiteral(node)) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node);
  if (silent) return '';
  const children = node.getChildren();
  if (!children.length) return node.getText();
  return children.map(code).filter(Boolean).join(' ');
}

/** A function's name, where it has one, else the line it begins in. */
function nameOf(fn: ts.FunctionLikeDeclaration): string {
  const named = fn.name ?? (ts.isVariableDeclaration(fn.parent) ? fn.parent.name : undefined);
  return named?.getText() ?? `the one in line ${span(fn).first + 1}`;
}

function span(node: ts.Node): { first: number; lines: number } {
  const file = node.getSourceFile();
  const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
  return { first, lines: file.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1 };
}

/** The file's main export, if that is a function `create...`: it may fill the file. */
function factoryOf(file: ts.SourceFile): ts.Node | undefined {
  const found = file.statements.filter(
    (statement): statement is ts.FunctionDeclaration =>
      ts.isFunctionDeclaration(statement) &&
      /^create[A-Z]/.test(statement.name?.text ?? '') &&
      !!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** The functions of a file with their lengths; a factory that fills the file is left out, those inside are not. */
export function functions(file: ts.SourceFile): { name: string; lines: number }[] {
  const factory = factoryOf(file);
  return [...walk(file)]
    .filter(
      (node): node is ts.FunctionLikeDeclaration => ts.isFunctionLike(node) && 'body' in node && !!node.body,
    )
    .filter((fn) => fn !== factory)
    .map((fn) => ({ name: nameOf(fn), lines: span(fn).lines }));
}

/** What the tests of a file say and hold: titles of `describe`, and all of `test` with the comment above it. */
export function claims(file: ts.SourceFile): string[] {
  return [...walk(file)].filter(ts.isCallExpression).flatMap((call) => {
    const callee = code(call.expression);
    if (!/^(?:describe|test|it)\b/.test(callee) || /\b(?:skip|todo)\b/.test(callee)) return [];
    if (!callee.startsWith('describe')) return call.getFullText();
    return call.arguments[0]?.getText() ?? [];
  });
}
