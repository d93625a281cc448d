/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of Kafka's record batches, sixteen bytes at a step ("slicing", Kounavis
 * and Berry, 2005).
 */

const polynomial = 0x82f63b78;
const slices = 16;
/** `tables[256 * distance + byte]`: what a byte does to the checksum, so many bytes later. */
const tables = makeTables();

const noWords = new Int32Array(0);

/** Of `bytes[start, end)`, as an unsigned number. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = tables;
  let crc = -1;
  let at = start;
  // Words are read in the machine's order, little-endian wherever Node runs.
  const lead = Math.min(end, at + ((4 - ((bytes.byteOffset + at) & 3)) & 3));
  for (; at < lead; at += 1) crc = step(t, crc, bytes[at] as number);
  const words = at === end ? noWords : new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >>> 2);
  const whole = words.length & ~3;
  for (let word = 0; word < whole; word += 4) {
    const a = (words[word] as number) ^ crc;
    const b = words[word + 1] as number;
    const c = words[word + 2] as number;
    const d = words[word + 3] as number;
    crc =
      (t[3840 + (a & 0xff)] as number) ^
      (t[3584 + ((a >>> 8) & 0xff)] as number) ^
      (t[3328 + ((a >>> 16) & 0xff)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 0xff)] as number) ^
      (t[2560 + ((b >>> 8) & 0xff)] as number) ^
      (t[2304 + ((b >>> 16) & 0xff)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (c & 0xff)] as number) ^
      (t[1536 + ((c >>> 8) & 0xff)] as number) ^
      (t[1280 + ((c >>> 16) & 0xff)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (d & 0xff)] as number) ^
      (t[512 + ((d >>> 8) & 0xff)] as number) ^
      (t[256 + ((d >>> 16) & 0xff)] as number) ^
      (t[d >>> 24] as number);
  }
  for (at += whole * 4; at < end; at += 1) crc = step(t, crc, bytes[at] as number);
  return ~crc >>> 0;
}

function step(t: Int32Array, crc: number, byte: number): number {
  return (t[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
}

function makeTables(): Int32Array {
  const made = new Int32Array(256 * slices);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) * polynomial);
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const before = made[at - 256] as number;
    made[at] = (made[before & 0xff] as number) ^ (before >>> 8);
  }
  return made;
}
