/** What the engine asks of JavaScript: rare cases that need what only JavaScript has, with its very results. */

/** Writes `String(value)` at `into`; gives its length. */
@external("host", "textOf")
export declare function textOf(value: f64, into: usize): i32;

/** `Number(x.toPrecision(12))`. */
@external("host", "roundByText")
export declare function roundByText(x: f64): f64;

/** `Math.log(x)`. */
@external("host", "log")
export declare function log(x: f64): f64;
