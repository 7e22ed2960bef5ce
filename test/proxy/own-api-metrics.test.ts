/** /metrics: counters that move while a connection is open, in text that Prometheus takes, under the names it knows. */
import t from 'tap';
import { until } from '../support/until.js';
import { accept, commit, helloOf } from './framed-pair.js';
import { OwnApi } from './own-api-bench.js';

const soonMs = 20_000;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A strict reader of the text format: each sample behind the HELP and TYPE of its metric, no sample twice. */
function parse(text: string): { readonly samples: Sample[]; readonly types: ReadonlyMap<string, string> } {
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) \S.*$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge)$/.exec(line);
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line);
    if (line === '') continue;
    if (help?.[1] !== undefined) helped.add(help[1]);
    else if (type?.[1] !== undefined) types.set(type[1], type[2] as string);
    else if (sample?.[1] !== undefined) {
      const [, name, list = '', value] = sample;
      if (!types.has(name) || !helped.has(name)) throw new Error(`${name} stands before its HELP and TYPE`);
      const labels: Record<string, string> = {};
      const rest = list.replace(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/g, (_all, key: string, text: string) => {
        labels[key] = text;
        return '';
      });
      if (rest !== '') throw new Error(`labels that can't be read: ${line}`);
      if (seen.has(`${name}{${list}}`)) throw new Error(`twice: ${line}`);
      seen.add(`${name}{${list}}`);
      samples.push({ name, labels, value: Number(value) });
    } else throw new Error(`no line of Prometheus: ${line}`);
  }
  return { samples, types };
}

async function scrape(api: OwnApi) {
  const { status, text, type } = await api.get('/metrics');
  if (status !== 200) throw new Error(`GET /metrics: ${status}`);
  const { samples, types } = parse(text);
  return {
    type,
    types,
    /** The value of the one sample with these labels, 0 if there is none. */
    value(name: string, labels: Readonly<Record<string, string | number>> = {}): number {
      const wanted = Object.entries(labels).map(([key, value]) => [key, String(value)]);
      const found = samples.filter(
        (one) => one.name === name && wanted.every(([key, value]) => one.labels[key as string] === value),
      );
      if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
      return found[0]?.value ?? 0;
    },
  };
}

t.test('counters and gauges move while the connection is open', async (t) => {
  const api = await OwnApi.start(t);
  const idle = await scrape(api);
  t.match(idle.type, /^text\/plain; version=0\.0\.4/);
  t.equal(idle.value('synod_proxy_connections', { proxy: 'pair' }), 0);
  const { caller, listener } = await api.pair.greet();
  await api.post('/rules', [
    { id: 'lost "x"\\', match: { from: 1, kinds: 'commit' }, do: 'drop' },
    { id: 'clog', match: { from: 1, kinds: 'accept', first: 2 }, do: 'clog' },
  ]);
  caller.send(accept(1, 3_000), commit(1), accept(2), accept(3), commit(2));
  await until('one accept', soonMs, () => listener.slots().length === 1);
  await until('the rest to be judged', soonMs, () => api.faults.link(1, 2).counts.totalFrames === 6);
  const link = { from: 1, to: 2 };
  const now = await scrape(api);
  t.equal(now.value('synod_proxy_frames_total', { ...link, kind: 'accept' }), 3);
  t.equal(now.value('synod_proxy_frames_total', { ...link, kind: 'hello' }), 1);
  t.equal(now.value('synod_proxy_frames_total', { from: 2, to: 1, kind: 'welcome' }), 1);
  t.equal(now.value('synod_proxy_frames_dropped_total', { ...link, kind: 'commit' }), 2);
  t.equal(now.value('synod_proxy_frames_delayed_total', { ...link, kind: 'accept' }), 2);
  t.equal(now.value('synod_proxy_held_frames', link), 2);
  t.ok(now.value('synod_proxy_frame_bytes_total', link) > 3_000);
  t.equal(now.value('synod_proxy_rule_matches_total', { rule: 'lost \\"x\\"\\\\' }), 2, 'names are escaped');
  t.equal(now.value('synod_proxy_rule_matches_total', { rule: 'clog' }), 3);
  t.equal(now.value('synod_proxy_rule_actions_total', { rule: 'clog' }), 2);
  t.equal(now.value('synod_proxy_connections', { proxy: 'pair' }), 1);
  t.equal(now.value('synod_proxy_connections_total', { proxy: 'pair' }), 1);
  t.equal(now.value('synod_proxy_foreign_total', { proxy: 'pair' }), 0);
  t.equal(now.types.get('synod_proxy_connections'), 'gauge');
  t.equal(now.types.get('synod_proxy_frames_total'), 'counter');
  await api.post('/heal');
  await until('what was held', soonMs, () => listener.slots().length === 3);
  const healed = await scrape(api);
  t.equal(healed.value('synod_proxy_held_frames', link), 0);
  t.equal(healed.value('synod_proxy_frames_dropped_total', { ...link, kind: 'commit' }), 2, 'a counter never falls');
});

t.test('Toxiproxy’s counters are there under its names and labels, and they are live', async (t) => {
  const api = await OwnApi.start(t);
  const { caller, listener } = await api.pair.greet(helloOf('server', 3));
  const { listen: listener_, upstream } = api.pair.proxy;
  const labels = (direction: string) => ({ direction, listener: listener_, proxy: 'pair', upstream });
  const before = await scrape(api);
  const received = before.value('toxiproxy_proxy_received_bytes_total', labels('upstream'));
  t.ok(received > 50, `${received} bytes of hello`);
  caller.send(accept(1, 10_000));
  await until('the accept', soonMs, () => listener.slots().length === 1);
  const after = await scrape(api);
  t.ok(after.value('toxiproxy_proxy_received_bytes_total', labels('upstream')) > received + 10_000);
  t.equal(
    after.value('toxiproxy_proxy_sent_bytes_total', labels('upstream')),
    after.value('toxiproxy_proxy_received_bytes_total', labels('upstream')),
  );
  t.ok(after.value('toxiproxy_proxy_sent_bytes_total', labels('downstream')) > 50, 'the welcome');
});
