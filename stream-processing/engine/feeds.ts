/** What each tick asks of the feeds: whose session goes on, and when it last sent a price. The rest of them is JavaScript's. */
import { enlarged, f64At, room, setF64 } from './memory';

let capacity: i32 = 4;
/** The session that goes on; 0 while none is known. */
let sessions: usize = room(4 * 8);
/** The latest receipt of a price since JavaScript asked; 0 when there is none. */
let receipts: usize = room(4 * 8);

export function setSession(feed: i32, session: f64): void {
  while (feed >= capacity) {
    sessions = enlarged(sessions, capacity * 8, capacity * 16);
    receipts = enlarged(receipts, capacity * 8, capacity * 16);
    capacity *= 2;
  }
  setF64(sessions, feed, session);
}

/** Of a feed that `setSession` named. */
// @ts-ignore: decorator
@inline
export function sessionOf(feed: i32): f64 {
  return f64At(sessions, feed);
}

/** Notes the receipt of a price of the session that goes on. */
// @ts-ignore: decorator
@inline
export function receive(feed: i32, receivedTimeMs: f64): void {
  if (receivedTimeMs > f64At(receipts, feed)) setF64(receipts, feed, receivedTimeMs);
}

/** The latest receipt of a price since the last call; 0 when there is none. */
export function takeReceipt(feed: i32): f64 {
  const receivedTimeMs = f64At(receipts, feed);
  setF64(receipts, feed, 0);
  return receivedTimeMs;
}
