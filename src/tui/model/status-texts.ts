/** How the connected server sees the cluster, in words; for the screen and for line mode. */
import type { Status } from '../../wire/index.js';

export function statusTexts(status: Status): string[] {
  const { serverId, role, leader, ballot, committed, applied, clients, faults, members, happy } = status;
  const heard = members.filter((member) => member.heard || member.id === serverId).length;
  const leads = leader === 0 || !happy ? 'nobody leads a majority' : `server ${leader} leads`;
  const more = faults === '' ? '' : `; faults ${faults}`;
  const progress = `committed through slot ${committed}, applied ${applied}; ${clients} client${clients === 1 ? '' : 's'}${more}`;
  return [
    `Server ${serverId} (${role}): ${leads}; ballot ${ballot.round}.${ballot.server}; ${progress}`,
    ...members.map(({ id, address, heard: isHeard }) => {
      const state = id === serverId ? 'up (yours)' : isHeard ? 'up' : 'not heard';
      return `  s${id}  ${address === '' ? '-' : address}  ${state}`;
    }),
    `${heard} of ${members.length} servers are heard; a majority is ${Math.floor(members.length / 2) + 1}.`,
  ];
}
