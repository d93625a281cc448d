/** Holds our reader of fetch responses to one whose content is known, before it is trusted with a broker's. */
import { recordSet, sectionBatch } from './kafka-batch.ts';
import { decodeFetchResponse } from './kafka-fetch-response.ts';

/**
 * Written by kafkajs 2.2.4: topic `golden`, partition 3, two records at 5,000,000,000 and two offsets later, the first with a key and
 * a header, the second with neither key nor value; then the same batch cut off.
 */
const golden =
  '00000000000000000000000000010006676f6c64656e00000001000000030000000000012a05f203000000012a05f2030000000000000000ffffffffffffffff' +
  '00000083000000012a05f2000000004f000000000265f33cbe0000000000020000018bcfe568000000018bcfe56801ffffffffffffffff000000000000000000' +
  '022c0000000e4254432f5553440a666972737402026102620c000204010100000000012a05f2000000004f000000000265f33cbe0000000000020000018bcfe5' +
  '68000000018bcf';

const expected = '3 5000000003 5000000003 5000000000 BTC/USD=first, 5000000002 undefined=undefined';

/** True when it reads what was written. */
export async function readsGoldenResponse(response = golden): Promise<boolean> {
  try {
    const partition = decodeFetchResponse(Buffer.from(response, 'hex')).responses[0]?.partitions[0];
    if (partition === undefined) return false;
    const set = await recordSet(partition.recordSet);
    const { highWatermark } = partition;
    const batch = sectionBatch({ topic: 'golden', partition: 3, highWatermark, set, fromOffset: 0, toOffset: Number.MAX_SAFE_INTEGER });
    const records = batch?.records.map(({ offset, key, value }) => `${offset} ${textOf(key)}=${textOf(value)}`) ?? [];
    return `${partition.partition} ${highWatermark} ${set.nextOffset} ${records.join(', ')}` === expected;
  } catch {
    return false;
  }
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}
