/** Every bench, in the order in which they run and are reported. */
export const benches = [
  'overhead',
  'burst',
  'crossing',
  'stragglers',
  'outage',
  'contexts',
  'memory',
  'hostile',
  'size',
];
