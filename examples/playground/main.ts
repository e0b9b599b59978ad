/** `npm run demo`: starts the playground and says where it is; `PORT` names another port. */
import { startPlayground } from './playground.ts';

const port = Number(process.env['PORT'] ?? 5173);
const { url } = await startPlayground({ port }).catch((error) => {
  console.error(
    `The playground did not start: ${error.message}. PORT=${port + 1} npm run demo takes another port.`,
  );
  process.exit(1);
});
console.log(`The playground is at ${url}; any name and password will do. Ctrl+C ends it.`);
