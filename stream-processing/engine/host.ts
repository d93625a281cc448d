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

/** Whether one of the symbol's gaps, which JavaScript tells apart, touches the span. */
@external("host", "touchesGap")
export declare function touchesGap(slot: i32, startMs: f64, endMs: f64): bool;

/** Event time of a symbol with gaps moved on: those that began before `horizonMs` may be let go. */
@external("host", "advanceCoverage")
export declare function advanceCoverage(slot: i32, horizonMs: f64): void;

/** Throws: there is no room for so many bytes more. */
@external("host", "outOfMemory")
export declare function outOfMemory(bytes: i32): void;

/** Takes the bars over that were given out so far: there is room for no more of them. */
@external("host", "takeBars")
export declare function takeBars(): void;
