/** The thread of an alarm: sleeps until it is due, to some ten microseconds, and says so. */
import { parentPort, workerData } from 'node:worker_threads';
import { alarmCells, clockMs } from './alarm-cells.js';

const { asked, dueMs } = alarmCells(workerData as SharedArrayBuffer);

function serve(say: () => void): never {
  // What was asked for is read before its time: if that changes in between, the sleep ends at once.
  let served = 0;
  for (;;) {
    const number = Atomics.load(asked, 0);
    const leftMs = (dueMs[0] as number) - clockMs();
    if (number === served) Atomics.wait(asked, 0, number);
    else if (leftMs > 0) Atomics.wait(asked, 0, number, leftMs);
    else {
      served = number;
      say();
    }
  }
}

if (parentPort !== null) {
  const port = parentPort;
  // The first one says that the thread runs.
  port.postMessage(undefined);
  serve(() => port.postMessage(undefined));
}
