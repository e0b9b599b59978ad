/** How the panel looks: a sheet that a policy against inline styles has nothing against. */

/** Dark or light by the system, or by the attribute `theme`; nothing in it moves by itself, whoever wants less motion. */
const css = `
:host {
  all: initial; display: block; color-scheme: light dark; font: 13px/1.45 system-ui, sans-serif;
  --paper: light-dark(#ffffff, #1c1e22); --raised: light-dark(#f1f3f5, #26292e);
  --ink: light-dark(#1d2127, #e6e8eb); --soft: light-dark(#535b66, #a7afb9);
  --rule: light-dark(#c9ced5, #454b54); --accent: light-dark(#0b57b8, #8ab8ff);
  --good: light-dark(#17682f, #79d492); --bad: light-dark(#b3261e, #ff9d94); --warn: light-dark(#8a5a00, #f2c063);
  color: var(--ink);
}
:host([theme='light']) { color-scheme: light; }
:host([theme='dark']) { color-scheme: dark; }
:host([docked]) { position: fixed; z-index: 2147483000; right: 0; bottom: 0; max-width: 100vw; }
[hidden], .handle[hidden] { display: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
button, input, textarea { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 5px; padding: 3px 9px; }
button { cursor: pointer; min-height: 26px; }
button:hover { border-color: var(--accent); color: var(--accent); }
button[aria-pressed='true'] { background: var(--accent); color: var(--paper); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.handle { margin: 0 12px 12px 0; font-weight: 600; box-shadow: 0 1px 5px #0005; }
.panel { box-sizing: border-box; background: var(--paper); border: 1px solid var(--rule); border-radius: 6px; padding: 8px 12px; display: flex; flex-direction: column; gap: 8px; }
:host([docked]) .panel { width: 100vw; height: min(46vh, 560px); border-radius: 0; border-width: 1px 0 0; box-shadow: 0 -2px 10px #0003; }
:host(:not([docked])) .panel { max-height: 640px; }
.head, .tools { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
.tools { margin-left: auto; }
h2, h3, p, dl, dd, ol, ul { margin: 0; padding: 0; }
h2 { font-size: 14px; }
h3 { font-size: 13px; }
input { width: 14em; max-width: 40vw; }
.notice { border-left: 3px solid var(--warn); padding: 4px 8px; background: var(--raised); }
.cards { list-style: none; display: flex; gap: 8px; flex: none; overflow: auto; max-height: 40%; flex-wrap: wrap; }
.card { flex: 1 1 20em; background: var(--raised); border-radius: 5px; padding: 6px 9px; }
.status { font-weight: 400; color: var(--soft); }
.status::before { content: '\\25CF\\00A0'; color: var(--soft); }
.status.signed-in::before { color: var(--good); }
.status.unknown::before { color: var(--warn); }
dl { display: flex; flex-wrap: wrap; gap: 0 14px; }
dl div { display: flex; gap: 5px; }
dt { color: var(--soft); }
dd { overflow-wrap: anywhere; }
.bar { display: block; width: 100%; height: 10px; margin: 5px 0 2px; border-radius: 3px; background: var(--rule); }
.bar .good { fill: var(--good); } .bar .ahead { fill: var(--warn); } .bar .wait { fill: var(--bad); }
.bar .past { fill: var(--raised); opacity: 0.65; } .bar .now { fill: var(--ink); }
.life { color: var(--soft); }
.steps { flex: 1 1 auto; min-height: 6em; overflow: auto; border-top: 1px solid var(--rule); }
.heads { position: sticky; top: 0; z-index: 1; display: flex; background: var(--paper); padding-left: 112px; color: var(--soft); font-size: 11px; line-height: 1.2; }
.heads span { width: 76px; text-align: center; flex: none; }
ol { list-style: none; }
li > time { color: var(--soft); width: 88px; flex: none; font-variant-numeric: tabular-nums; }
ol > li { display: flex; align-items: center; min-height: 24px; white-space: nowrap; position: relative; }
ol > li > b { width: 24px; flex: none; text-align: center; color: var(--accent); }
.lanes { width: 304px; height: 24px; flex: none; margin-right: 8px; fill: var(--accent); stroke: none; }
.lanes .rail { stroke: var(--rule); } .lanes .shaft { stroke: var(--accent); stroke-width: 1.6; }
.lanes.good { fill: var(--good); } .lanes.good .shaft { stroke: var(--good); }
.lanes.bad { fill: var(--bad); } .lanes.bad .shaft { stroke: var(--bad); }
.lanes.quiet { fill: var(--soft); } .lanes.quiet .shaft { stroke: var(--soft); stroke-dasharray: 4 3; }
li.good .what { color: var(--good); } li.bad .what { color: var(--bad); } li.quiet .what { color: var(--soft); }
.who { color: var(--soft); margin-left: 8px; }
.alone .who { display: none; }
textarea { width: 100%; box-sizing: border-box; font: 12px/1.4 ui-monospace, monospace; }
@media (max-width: 640px) {
  .lanes, .heads { display: none; }
  ol > li { white-space: normal; align-items: baseline; }
}
@media (forced-colors: active) { .bar, .lanes { forced-color-adjust: none; } }
`;

/** One for all panels of a page. */
let sheet: CSSStyleSheet | undefined;

/** A page without constructable sheets (a test's) shows the panel as it is. */
export function styleOf(root: ShadowRoot): void {
  if (!root.adoptedStyleSheets || typeof CSSStyleSheet?.prototype.replaceSync !== 'function') return;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  root.adoptedStyleSheets = [sheet];
}
