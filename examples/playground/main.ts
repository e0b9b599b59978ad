/** `npm run demo`: starts the playground and says where it is; `PORT` names another port. */
import { startPlayground } from './playground.ts';

const { url } = await startPlayground({ port: Number(process.env['PORT'] ?? 5173) });
console.log(`The playground is at ${url}; any name and password will do. Ctrl+C ends it.`);
