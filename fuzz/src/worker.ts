/** The thread that parsers run in: it may be ended while one of them goes on for ever, and its memory is bounded. */
import { parentPort, workerData } from 'node:worker_threads';
import { faultOf } from './examination.ts';
import { inputOf } from './inputs.ts';
import { parserNamed } from './parsers.ts';
import type { WorkerAnswer, WorkerData, WorkerTask } from './worker-messages.ts';

const port = parentPort;
const { progress } = workerData as WorkerData;
/** At most so many faults of one kind are told in a task. */
const mostOfMark = 3;

port?.on('message', (task: WorkerTask) => void answer(task));

async function answer(task: WorkerTask): Promise<void> {
  const say = (message: WorkerAnswer) => port?.postMessage(message);
  const parser = parserNamed(task.parser);
  if (task.kind === 'input') return say({ kind: 'done', fault: await faultOf(parser, Buffer.from(task.input)) });
  const marks = new Map<string, number>();
  const untilMs = performance.now() + task.mostMs;
  let index = task.from;
  for (; index < task.to; index += 1) {
    progress[0] = index;
    const input = inputOf(parser, task.seed, index);
    const fault = await faultOf(parser, input);
    if (fault !== undefined) {
      const seen = (marks.get(fault.mark) ?? 0) + 1;
      marks.set(fault.mark, seen);
      if (seen <= mostOfMark) say({ kind: 'fault', index, input, fault });
    }
    if ((index & 63) === 63 && (progress[1] !== 0 || performance.now() > untilMs)) {
      index += 1;
      break;
    }
  }
  say({ kind: 'done', next: index, faults: [...marks.values()].reduce((sum, count) => sum + count, 0) });
}
