/** Compiles TypeScript that is not on disk, and answers with what the compiler says about it. */
import ts from 'typescript';

/** What was parsed of the packages around us, by the options it was parsed for: the same for many pages. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/**
 * @param files - Texts by absolute path; imports are looked up from there.
 * @returns One line for each diagnostic; none when all is well.
 */
export function compile(files: Record<string, string>, options: ts.CompilerOptions): string[] {
  const all: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, strict: true, noEmit: true, ...options };
  const host = ts.createCompilerHost(all);
  const { fileExists, readFile } = host;
  const { getSourceFile } = host;
  const key = JSON.stringify(all);
  host.getSourceFile = (path, ...rest) => {
    if (!path.includes('/node_modules/')) return getSourceFile(path, ...rest);
    const name = `${path} ${key}`;
    if (!parsed.has(name)) parsed.set(name, getSourceFile(path, ...rest));
    return parsed.get(name);
  };
  host.fileExists = (path) => path in files || fileExists(path);
  host.readFile = (path) => files[path] ?? readFile(path);
  const program = ts.createProgram(Object.keys(files), all, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, code, messageText }) => {
    const line = file && ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1;
    return `${file?.fileName ?? ''}:${line ?? ''} TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
