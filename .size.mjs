import { build } from 'esbuild'; import { brotliCompressSync, constants } from 'node:zlib';
const r = await build({stdin:{contents:"export { createOidcClient, OidcError } from './src/oidc/index.ts'", resolveDir:'.'}, external:['oauth4webapi'], bundle:true, minify:true, format:'esm', target:'es2022', platform:'browser', write:false});
console.log(r.outputFiles[0].contents.length, brotliCompressSync(r.outputFiles[0].contents,{params:{[constants.BROTLI_PARAM_QUALITY]:11}}).length);
if (process.argv[2]) console.log(r.outputFiles[0].text);
