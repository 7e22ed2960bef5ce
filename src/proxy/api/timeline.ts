/** /timeline: start a script of faults, see how far it is, stop it. */
import { Fields } from '../plan/fields.js';
import { readTimeline, type Timeline } from '../plan/timeline.js';
import type { Controlled } from '../server.js';
import { ApiError, type Route } from './route.js';

export function timelineRoutes({ world, timeline }: Controlled): Route[] {
  const { faults } = world;
  const status = () => ({ status: 200, body: { timeline: timeline.status ?? null } });
  return [
    { method: 'GET', path: '/timeline', handle: status },
    {
      method: 'POST',
      path: '/timeline',
      handle: async (request) => {
        const body = await request.json();
        const script = read(body, faults.servers, faults.book.seed);
        timeline.start(script);
        return {
          status: 201,
          body: { timeline: timeline.status, steps: script.steps.map(({ atMs, text }) => ({ atMs, text })) },
        };
      },
    },
    {
      method: 'DELETE',
      path: '/timeline',
      handle: () => {
        if (timeline.status === undefined)
          throw new ApiError(404, 'no timeline was started: POST /timeline starts one');
        timeline.stop();
        return { status: 204 };
      },
    },
  ];
}

/** `{"script": {…}, "seed": N}`. @throws PlanError */
function read(body: unknown, servers: readonly number[], seed: number): Timeline {
  const fields = new Fields(body, '');
  const script = fields.raw('script');
  const own = fields.has('seed') ? fields.integer('seed', { least: 0, most: Number.MAX_SAFE_INTEGER }) : undefined;
  fields.end();
  return readTimeline(script, { servers, seed }, own);
}
