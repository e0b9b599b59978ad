/** evertoken/dpop: tokens that are worthless without a key that no script can take away (RFC 9449). */
export { type Dpop, type DpopKeyPair, type DpopOptions, dpop } from './dpop.ts';
