/** What the panel says where it has nothing to show. */

/** The app runs the production build, which tells nothing. */
export const productionNotice =
  'This app runs the production build of evertoken, which tells tools nothing. Have your bundler or runtime choose the condition "development": Vite and webpack do so in development mode; else resolve.conditions in Vite, resolve.conditionNames in webpack, --conditions=development in esbuild, node -C development.';

export const silenceNotice =
  'No manager has announced itself yet: none was created, or the app has the production build of evertoken beside the development build of this panel.';

/** @param names - Of managers that were handed over and have told nothing. */
export const silentNotice = (names: readonly string[]): string =>
  `${names.join(', ')}: made by the production build of evertoken, which tells tools nothing. Have your bundler choose the condition "development" for it too.`;
