/**
 * The version of the fold's results, raised by every change after which the same log gives other bars. Processors leave a generation of
 * tables alone that another version made: equal versions of a row must never meet different values (`tapeline rebuild`).
 */
export const foldVersion = 1;
