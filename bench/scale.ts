/** `npm run bench -- scale`: many clients, rooms, messages, slots and servers, and what grows with them. */
import { growthPage, growthText } from './growth-page.js';
import { runParts } from './parts.js';
import { catchUp } from './scale/catch-up.js';
import { activeClients, idleClients } from './scale/clients.js';
import { messages } from './scale/messages.js';
import { defaults } from './scale/options.js';
import { rooms } from './scale/rooms.js';
import { servers } from './scale/servers.js';
import { ScaleStand } from './scale/stand.js';

export function main(args: readonly string[]): Promise<number> {
  return runParts(
    {
      defaults,
      parts: {
        'idle-clients': idleClients,
        'active-clients': activeClients,
        rooms,
        messages,
        'catch-up': catchUp,
        servers,
      },
      start: () => Promise.resolve(new ScaleStand()),
      about: () => [
        'each part on clusters of its own; durable: fdatasync before every vote; clients on the same machine',
      ],
      page: (environment, parts) => {
        const curves = parts.flatMap((part) => part.curves ?? []);
        return growthPage('synod: what grows with a history', [...environment, ...curves.map(growthText)], curves);
      },
    },
    args,
  );
}
