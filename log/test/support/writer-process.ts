/** Appends '0', '1', … one by one to topic `t` of the embedded log in the directory named by its argument; says how many were acknowledged. */
import { pino } from 'pino';
import { openEmbeddedLog } from '../../src/embedded-log.ts';

const log = await openEmbeddedLog({ directory: process.argv[2] ?? '', logger: pino({ level: 'silent' }) });
await log.ensureTopics([{ name: 't', partitions: 1 }]);
for (let count = 0; ; count += 1) {
  await log.append([{ topic: 't', partition: 0, value: Buffer.from(String(count)) }]);
  await new Promise(resolve => process.stdout.write(`${count + 1}\n`, resolve));
}
