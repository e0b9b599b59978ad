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

export interface Import {
  readonly path: string;
  /** Nothing of it runs: types alone are taken from there. */
  readonly isType: boolean;
}

/** What a file imports and re-exports; type imports and `import()` included. */
export function imports(file: ts.SourceFile): Import[] {
  const typeOnly = new Set(
    file.statements
      .filter(isTypeOnly)
      .map(({ moduleSpecifier }) => (moduleSpecifier as ts.StringLiteral).text),
  );
  const paths = ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName }) => fileName);
  return [...new Set(paths)].map((path) => ({ path, isType: typeOnly.has(path) }));
}

function isTypeOnly(statement: ts.Statement): statement is ts.ImportDeclaration | ts.ExportDeclaration {
  if (ts.isImportDeclaration(statement)) {
    const { phaseModifier, namedBindings, name } = statement.importClause ?? {};
    if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
    const named = namedBindings && ts.isNamedImports(namedBindings) ? namedBindings.elements : undefined;
    return !name && !!named?.length && named.every((one) => one.isTypeOnly);
  }
  return ts.isExportDeclaration(statement) && !!statement.moduleSpecifier && statement.isTypeOnly;
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

type Body = ts.FunctionLikeDeclaration;

const isFunction = (node: ts.Node): node is Body => ts.isFunctionLike(node) && 'body' in node && !!node.body;

/** A part with a name of its own; a callback without one belongs to the function it stands in. */
const isPart = (node: ts.Node): node is Body =>
  isFunction(node) &&
  (!!node.name || ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent));

/** The functions that a function wires: those inside it that have a name, without what is inside them. */
function partsOf(node: ts.Node): Body[] {
  return node.getChildren().flatMap((child) => (isPart(child) ? child : partsOf(child)));
}

/** The functions of a file with their lengths: as a whole, and without the functions they wire. */
export function functions(file: ts.SourceFile): { name: string; lines: number; own: number }[] {
  return [...walk(file)].filter(isFunction).map((fn) => {
    const { lines } = span(fn);
    const wired = partsOf(fn).reduce((sum, part) => sum + span(part).lines, 0);
    return { name: nameOf(fn), lines, own: lines - wired };
  });
}

/** What the tests of a file say and hold: its first sentence, titles of `describe`, and all of `test` with the comment above it. */
export function claims(file: ts.SourceFile): string[] {
  const opening = /^\/\*\*.*?\*\//s.exec(file.text)?.[0] ?? '';
  const said = [...walk(file)].filter(ts.isCallExpression).flatMap((call) => {
    const callee = code(call.expression);
    if (!/^(?:describe|test|it)\b/.test(callee) || /\b(?:skip|todo)\b/.test(callee)) return [];
    if (!callee.startsWith('describe')) return call.getFullText();
    return call.arguments[0]?.getText() ?? [];
  });
  return [opening, ...said];
}
