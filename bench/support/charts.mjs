/** The charts of `docs/performance.md`, drawn by Observable Plot from the results. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { show } from './table.mjs';

const OWN = 'evertoken';
const colors = { own: '#0969da', other: '#8c959f', bad: '#cf222e' };
const colorOf = ({ name, isLost }) =>
  isLost ? colors.bad : name.startsWith(OWN) ? colors.own : colors.other;

function draw({ title, subtitle, marginLeft = 200, ...options }) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  // Once, where a chart has facets.
  const heading = { facet: 'super', frameAnchor: 'top-left', dx: 12 - marginLeft };
  const svg = Plot.plot({
    document,
    width: 760,
    marginLeft,
    marginRight: 70,
    marginTop: 60,
    marginBottom: 44,
    style: { fontFamily: 'system-ui, sans-serif', fontSize: '12px', background: 'white', color: '#1f2328' },
    ...options,
    x: { labelOffset: 38, ...options.x },
    marks: [
      ...options.marks,
      Plot.text([title], { ...heading, dy: -50, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { ...heading, dy: -30, fill: '#59636e' }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${title}. ${subtitle}`);
  return `${svg.outerHTML}\n`;
}

/** One bar for each row, with its figure at the end and its spread as a line. */
function bars(rows, { value, low, high, from = 0, x, ...options }) {
  const text = (row) => show(value(row));
  const y = 'name';
  return draw({
    height: 104 + rows.length * 26,
    y: { label: null, domain: rows.map(({ name }) => name) },
    ...options,
    x: { grid: true, ...x },
    marks: [
      Plot.barX(rows, { x1: from, x2: value, y, fill: colorOf, insetTop: 3, insetBottom: 3 }),
      ...(low ? [Plot.ruleY(rows, { x1: low, x2: high, y, strokeWidth: 1.5 })] : []),
      Plot.text(rows, {
        x: (row) => Math.max(value(row), high?.(row) ?? 0),
        y,
        text,
        textAnchor: 'start',
        dx: 5,
      }),
    ],
  });
}

const logarithmic = (label) => ({ type: 'log', label: `${label}, logarithmic`, tickFormat: '~g' });

function overhead({ stub, loopback }) {
  const [input] = Object.keys(stub);
  const rows = stub[input].rows.filter(({ name }) => name !== 'plain fetch');
  const log = logarithmic('µs per request over bare');
  const floor = Math.min(0.1, ...rows.map(({ over }) => over.median / 2_000));
  const overStub = bars(rows, {
    title: 'What a request with a good token costs',
    subtitle: `${input}, over a stubbed fetch; median and p10 to p90`,
    value: ({ over }) => over.median / 1_000,
    low: ({ over }) => Math.max(over.p10 / 1_000, floor),
    high: ({ over }) => over.p90 / 1_000,
    from: floor,
    x: { ...log, domain: [floor, Math.max(...rows.map(({ over }) => over.p90 / 1_000)) * 1.5] },
  });
  const rates = loopback[input].rows;
  const overLoopback = bars(rates, {
    title: 'Requests a second over loopback',
    subtitle: `${input}; 1 is plain fetch that was given the header; median and p10 to p90`,
    value: ({ ratio }) => ratio.median,
    low: ({ ratio }) => ratio.p10,
    high: ({ ratio }) => ratio.p90,
    x: { label: 'of bare' },
  });
  return { overhead: overStub, 'overhead-loopback': overLoopback };
}

function burst(results) {
  const charts = {};
  const largest = Math.max(...results.map(({ count }) => count));
  for (const { way, count, rows } of results.filter(({ count }) => count === largest)) {
    charts[`burst-${way}`] = bars(
      rows.map((row) => ({ ...row, isLost: row.lost })),
      {
        title: `${count.toLocaleString('en-US')} requests at once, the token has ${way === 'ended' ? 'ended' : 'been refused'}`,
        subtitle: 'Requests that failed; red: the session was lost',
        value: ({ failed }) => failed,
        x: { label: 'failed' },
      },
    );
  }
  return charts;
}

function crossing(runs) {
  const rows = runs.flatMap((run) => run.slice(1));
  return {
    crossing: bars(rows, {
      title: 'What requests wait when tokens expire',
      subtitle: 'p99 over that of a token that never expires, in the same run; red: the session was lost',
      value: ({ ratio }) => ratio.median,
      low: ({ ratio }) => ratio.p10,
      high: ({ ratio }) => ratio.p90,
      from: 0.5,
      x: logarithmic('times the p99 of a token that never expires'),
    }),
  };
}

const stragglers = ({ denials, rows }) => ({
  stragglers: bars(rows, {
    title: 'Refusals that come late',
    subtitle: `Calls of the token endpoint for each of ${denials} denied tokens, one is enough; red: the session was lost`,
    value: ({ callsPerDenial }) => callsPerDenial,
    from: 0.5,
    x: logarithmic('calls per denied token'),
  }),
});

function outage({ seconds, rows }) {
  const calls = rows.flatMap(({ name, kind, at, isLost }) =>
    at.map((ms) => ({ name, kind, isLost, s: ms / 1_000 })),
  );
  const names = [...new Set(rows.map(({ name }) => name))];
  return {
    outage: draw({
      title: `Calls of a token endpoint that is down for ${seconds} s`,
      subtitle:
        'Each line is a call, of a client that sends 100 requests a second; red: the session was lost',
      height: 110 + new Set(rows.map(({ kind }) => kind)).size * (names.length * 17 + 16),
      x: { label: 'seconds', domain: [0, seconds] },
      y: { label: null, domain: names },
      fy: { label: null },
      marginRight: 70,
      marks: [
        Plot.frame({ stroke: '#d1d9e0' }),
        Plot.tickX(calls, { x: 's', y: 'name', fy: 'kind', stroke: colorOf, strokeWidth: 2, z: null }),
      ],
    }),
  };
}

function contexts({ tabs = [], threads }) {
  const points = [
    ...tabs.map((row) => ({ what: 'tabs in Chromium', ...row })),
    ...threads.map((row) => ({ what: 'worker threads', ...row })),
  ];
  const sizes = [...new Set(points.map(({ size }) => size))].sort((one, other) => one - other);
  const scale = { type: 'log', base: 2, label: 'contexts, logarithmic', ticks: sizes, tickFormat: 'd' };
  const color = { domain: ['tabs in Chromium', 'worker threads'], range: [colors.own, '#8250df'] };
  // The figures of both may be the same, so the names do not stand at the lines.
  const legend = ['tabs in Chromium', 'worker threads'].map((what, index) =>
    Plot.text([`● ${what}`], {
      frameAnchor: 'top-right',
      dx: 60,
      dy: -70 + index * 18,
      fill: color.range[index],
    }),
  );
  const line = (y, all, options) =>
    draw({
      height: 260,
      marginLeft: 60,
      marginTop: 84,
      x: scale,
      color,
      ...options,
      marks: [Plot.lineY(all, { x: 'size', y, stroke: 'what', marker: true, z: 'what' }), ...legend],
    });
  const told = points.filter(({ news }) => news.median !== undefined);
  return {
    'contexts-news': line(({ news }) => news.median, told, {
      title: 'Until another context has the new token',
      subtitle: 'Median, in milliseconds',
      y: { grid: true, label: 'ms', zero: true },
    }),
    'contexts-refreshes': line('refreshesPerToken', points, {
      title: 'Refreshes per token',
      subtitle: 'All contexts send at the same moment when the token has been refused',
      y: { grid: true, label: 'refreshes', domain: [0, 2] },
    }),
  };
}

const size = ({ sizes }) => ({
  size: bars(
    sizes.map((row) => ({ ...row, kB: row.esbuild.brotli / 1_000 })),
    {
      title: 'What a page downloads',
      subtitle: 'Bundled by esbuild, minified, brotli',
      value: ({ kB }) => kB,
      marginLeft: 260,
      x: { label: 'kB' },
    },
  ),
});

/** SVG by the chart's name. */
export const charts = { overhead, burst, crossing, stragglers, outage, contexts, size };
