/** Makes an input that shows a fault smaller, as long as it shows the same (Zeller's ddmin, on bytes). */

/** @param shows whether a smaller input shows the fault; asked at most `mostTries` times */
export async function minimised(input: Buffer, shows: (smaller: Buffer) => Promise<boolean>, mostTries = 600): Promise<Buffer> {
  let smallest = input;
  let tries = 0;
  for (let parts = 2; smallest.length > 1 && parts <= smallest.length; ) {
    const length = Math.ceil(smallest.length / parts);
    let isSmaller = false;
    for (let at = 0; at < smallest.length; at += length) {
      if (tries >= mostTries) return smallest;
      tries += 1;
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)]);
      if (without.length === 0 || !(await shows(without))) continue;
      smallest = without;
      isSmaller = true;
      break;
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (length === 1) return smallest;
    else parts = Math.min(2 * parts, smallest.length);
  }
  return smallest;
}
