/** What hands out the parts of a manager, which `explain` asks: for functions of this package, also those of another copy of it. */
export const inside: unique symbol = Symbol.for('evertoken.inside') as never;
