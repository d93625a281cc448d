/** A deadline over an attempt as a whole: a driver that waits for what never comes must not keep its caller for ever. */

/** The attempt has neither succeeded nor failed in its time. What became of it is not known. */
export class NeverSettled extends Error {}

/** @throws NeverSettled after `deadlineMs`; what `attempt` fails with. */
export async function settledWithin<T>(deadlineMs: number, attempt: Promise<T>): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(new NeverSettled(`neither done nor failed after ${deadlineMs} ms`)), deadlineMs);
  try {
    return await Promise.race([attempt, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
