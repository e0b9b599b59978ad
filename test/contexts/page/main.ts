/** The script of every page and worker of the scenarios: first what is missing and counted, then the package. */
import './setup.ts';
import './counts.ts';
import './actor.ts';
