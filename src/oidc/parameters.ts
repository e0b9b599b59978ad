/** Parameters of a request: some have no value, some several. */

export type Parameters = Record<string, string | number | string[] | undefined>;

/** One pair for each value. */
export const pairsOf = (parameters: Parameters): [string, string][] =>
  Object.entries(parameters).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, `${one}`]),
  );
