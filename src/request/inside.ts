/** Where a manager keeps what `explain` asks: for functions of this package, also those of another copy of it. */
export const inside: unique symbol = Symbol.for('evertoken.inside') as never;
