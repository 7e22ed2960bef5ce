/** `synod name …`: who may bear which name, decided in the log; and the list of names. */
import { randomBytes } from 'node:crypto';
import { ExitError, exitCodes, renderTable, sanitise, sha256, toHex } from '../base/index.js';
import type { NameRow } from '../wire/index.js';
import type { Call } from './command.js';
import { decide, onlyName, onServers, wishFor } from './decide.js';
import { jsonLine } from './events.js';
import { readWhy } from './values.js';

export async function nameBlock(call: Call): Promise<number> {
  const name = onlyName(call, 'name block');
  const why = readWhy('--why', call.options.text('why') ?? '');
  await decide(call, { ...wishFor('block', name), why });
  return say(call, { event: 'block', name, why }, `${name} is blocked`);
}

export async function nameUnblock(call: Call): Promise<number> {
  const name = onlyName(call, 'name unblock');
  await decide(call, wishFor('unblock', name));
  return say(call, { event: 'unblock', name }, `${name} may write again`);
}

export async function nameRelease(call: Call): Promise<number> {
  const name = onlyName(call, 'name release');
  await decide(call, wishFor('release', name));
  return say(call, { event: 'release', name }, `${name} belongs to nobody: whoever claims it has it`);
}

/**
 * Only the hash of the token leaves this process, but for its one line of output. If nobody can say whether it was
 * decided the token is printed, too: it may be the only one that has the name.
 */
export async function nameRecover(call: Call): Promise<number> {
  const name = onlyName(call, 'name recover');
  const { output, program } = call;
  const token = randomBytes(32);
  try {
    await decide(call, { ...wishFor('recover', name), tokenHash: sha256(token) });
  } catch (error) {
    if (error instanceof ExitError && error.exitCode === exitCodes.unknown) {
      output.note(
        `${program}: if it was decided, ${name} belongs to this token; keep it until another recover of ${name} succeeds`,
      );
      say(call, { event: 'recover', name, token: toHex(token), decided: false }, toHex(token));
    }
    throw error;
  }
  output.note(`${program}: ${name} belongs to this token now; its owner runs: synod identity import`);
  return say(call, { event: 'recover', name, token: toHex(token) }, toHex(token));
}

export async function nameList(call: Call): Promise<number> {
  const onlyBlocked = call.options.has('blocked');
  const names: NameRow[] = [];
  for (let more = true; more; ) {
    const after = names.at(-1)?.name ?? '';
    const answer = await onServers(call, true, (server) => server.names(after, onlyBlocked));
    names.push(...answer.names);
    more = answer.more;
  }
  if (call.options.has('json')) for (const row of names) call.output.line(jsonLine({ event: 'name', ...row }));
  else for (const line of renderTable(columns, names)) call.output.line(line);
  return exitCodes.ok;
}

const columns = [
  { title: 'NAME', cell: ({ name }: NameRow) => name },
  { title: 'CLAIMED', cell: ({ claimed }: NameRow) => (claimed ? 'yes' : 'no') },
  { title: 'CLIENTS', right: true, cell: ({ clients }: NameRow) => String(clients) },
  { title: 'BLOCKED', cell: ({ blocked, why }: NameRow) => blockedCell(blocked, why) },
];

function blockedCell(blocked: boolean, why: string): string {
  if (!blocked) return '';
  return why === '' ? 'yes' : `yes: ${sanitise(why)}`;
}

function say({ options, output }: Call, event: object, text: string): number {
  output.line(options.has('json') ? jsonLine(event) : text);
  return exitCodes.ok;
}
