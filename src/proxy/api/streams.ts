/** /events and /trace, a JSON object a line as it happens, and /expect, which waits for one of them. */
import type { ServerResponse } from 'node:http';
import type { Deadline } from '../engine/deadlines.js';
import { pourEvents } from '../engine/event-sink.js';
import type { Faults } from '../engine/faults.js';
import { type EventName, eventNames, type Hub } from '../engine/hub.js';
import { type Expectation, readExpectation, Watch } from '../plan/expectation.js';
import type { Controlled } from '../server.js';
import { ApiError, type Route } from './route.js';

/** All that `/events` tells unless it is asked for more or less. */
const usualNames: readonly EventName[] = eventNames.filter((name) => name !== 'trace');

export function streamRoutes({ world }: Controlled): Route[] {
  const { hub } = world.faults;
  return [
    {
      method: 'GET',
      path: '/events',
      handle: (request) => {
        const names = readNames(request.query.get('names'));
        return { stream: (response) => streamEvents(hub, names, response) };
      },
    },
    {
      method: 'GET',
      path: '/trace',
      handle: () => ({ stream: (response) => streamEvents(hub, ['trace'], response) }),
    },
    {
      method: 'POST',
      path: '/expect',
      handle: async (request) => {
        const body = await request.json();
        const expectation = readExpectation(body);
        // Written by itself, so that it may wait for longer than other answers.
        const { after, expect } = expectation;
        const names = [after, expect].flatMap((wanted) => (wanted === undefined ? [] : readNames(wanted.event)));
        return { stream: (response) => awaitEvent(world.faults, expectation, names, response) };
      },
    },
  ];
}

/** 200 with the event that was expected, or 417 when its time is over; nothing when whoever asked has gone. */
function awaitEvent(
  { hub, deadlines }: Faults,
  expectation: Expectation,
  names: readonly EventName[],
  response: ServerResponse,
): void {
  const watch = new Watch(expectation);
  const answer = (status: number, body: unknown): void => {
    end();
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
  const arm = (): Deadline => {
    const { afterWithinMs, withinMs } = expectation;
    const ms = watch.isBefore ? afterWithinMs : withinMs;
    const error = `"${watch.isBefore ? 'after' : 'expect'}" was not seen within ${ms} ms`;
    return deadlines.after(ms, () => answer(417, { error, status: 417 }));
  };
  let deadline = arm();
  const unlisten = hub.listen(names, (event) => {
    const wasBefore = watch.isBefore;
    if (watch.take(event)) answer(200, { event });
    else if (wasBefore && !watch.isBefore) {
      deadlines.cancel(deadline);
      deadline = arm();
    }
  });
  const end = (): void => {
    deadlines.cancel(deadline);
    unlisten();
  };
  response.on('close', end);
  response.on('error', end);
}

function readNames(text: string | null): readonly EventName[] {
  if (text === null || text === '') return usualNames;
  return text.split(',').map((part) => {
    const found = eventNames.find((name) => name === part);
    if (found === undefined) throw new ApiError(400, `"${part}" is no event; there is ${eventNames.join(', ')}`);
    return found;
  });
}

function streamEvents(hub: Hub, names: readonly EventName[], response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/x-ndjson');
  response.setHeader('Cache-Control', 'no-store');
  response.flushHeaders();
  const unlisten = pourEvents(hub, names, response);
  // Whoever listened has gone: nobody needs to know.
  response.on('error', unlisten);
  response.on('close', unlisten);
}
