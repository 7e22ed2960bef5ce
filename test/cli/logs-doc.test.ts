/** docs/LOGS.md lists every event that the source logs, with its levels, and no other; events are stable names. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

/** The first argument of a call that logs. */
const call = /[lL]ogger\??\.(debug|info|warn|error)\(\s*(['"`])(.*?)\2/gs;
/** A call whose event can't be read off the source. Only a logger's own code passes one on. */
const unreadable = /[lL]ogger\??\.(?:debug|info|warn|error)\(\s*[^'"`\s]/;
const passesOn = ['src/base/collapsing-log.ts'];

function sources(): string[] {
  const entries = readdirSync('src', { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function logged(): Map<string, Set<string>> {
  const events = new Map<string, Set<string>>();
  for (const file of sources()) {
    for (const [, level = '', , event = ''] of readFileSync(file, 'utf8').matchAll(call)) {
      events.set(event, (events.get(event) ?? new Set()).add(level));
    }
  }
  return events;
}

function documented(): Map<string, Set<string>> {
  const rows = readFileSync('docs/LOGS.md', 'utf8').matchAll(/^\| `([^`]+)` \| ([a-z, ]+) \| \S.* \|$/gm);
  return new Map([...rows].map(([, event = '', levels = '']) => [event, new Set(levels.split(', '))]));
}

t.test('the table of events is that of the source', async (t) => {
  const source = logged();
  const table = documented();
  t.ok(source.size > 80, `${source.size} events found`);
  for (const [event, levels] of source) {
    t.match(event, /^[a-z]+(-[a-z]+)*$/, `${event} is a stable name: kebab-case, the sentence goes into text`);
    t.same([...(table.get(event) ?? [])].sort(), [...levels].sort(), `${event} stands in docs/LOGS.md with its levels`);
  }
  for (const event of table.keys()) t.ok(source.has(event), `${event} of docs/LOGS.md is logged somewhere`);
  t.same([...table.keys()], [...table.keys()].sort(), 'in the order of the alphabet');
});

t.test('every event can be read off the source', async (t) => {
  for (const file of sources().filter((name) => !passesOn.includes(name))) {
    t.notMatch(readFileSync(file, 'utf8'), unreadable, file);
  }
});
