/** evertoken/firebase: Google Identity Toolkit, the server behind Firebase Authentication. */
export { type IdentityToolkit, type IdentityToolkitOptions, identityToolkit } from './identity-toolkit.ts';
export { returnSecureToken } from './return-secure-token.ts';
