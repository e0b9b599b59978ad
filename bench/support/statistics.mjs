/** Medians and their spread. */

export function quantile(numbers, share) {
  const ascending = numbers.toSorted((a, b) => a - b);
  const place = (ascending.length - 1) * share;
  const below = ascending[Math.floor(place)];
  return below + (ascending[Math.ceil(place)] - below) * (place - Math.floor(place));
}

export const median = (numbers) => quantile(numbers, 0.5);

/**
 * Median and spread: p10 and p90 of the numbers, and `error`, how far the median itself may be off. The numbers are
 * cut into blocks in the order of time, so that a stretch of disturbance counts as one and not as many.
 */
export function summarize(numbers, blocks = 10) {
  if (!numbers.length) return undefined;
  const length = Math.max(1, Math.floor(numbers.length / blocks));
  const medians = [];
  for (let from = 0; from + length <= numbers.length; from += length) {
    medians.push(median(numbers.slice(from, from + length)));
  }
  const error = medians.length > 2 ? quantile(medians, 0.9) - median(medians) : 0;
  return {
    median: median(numbers),
    p10: quantile(numbers, 0.1),
    p90: quantile(numbers, 0.9),
    error: Math.max(error, 0),
    count: numbers.length,
  };
}

/** Latencies, in milliseconds. */
export const latencies = (numbers) => ({
  p50: quantile(numbers, 0.5),
  p99: quantile(numbers, 0.99),
  max: Math.max(...numbers),
});
