/** docs/METRICS.md, dashboard and alerts name the metrics that running daemons have, all of them and no others. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { ask, pagesOf, scrape } from '../support/http-pages.js';
import { until } from '../support/until.js';

/** The names after `# TYPE`, with the kind. */
async function typesOf(address: string): Promise<Map<string, string>> {
  const { body } = await ask(address, '/metrics');
  return new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]));
}

/** Rows of the tables under a heading of docs/METRICS.md: the kind and the labels of each metric. */
function documented(heading: string): Map<string, { kind: string; labels: string[] }> {
  const section = readFileSync('docs/METRICS.md', 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.matchAll(/^\| `(synod_\w+)` \| (\w+) \|([^|]*)\| \S.* \|$/gm);
  return new Map(
    [...rows].map(([, name = '', kind = '', labels = '']) => [
      name,
      { kind, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ]),
  );
}

/** Every series name in a text: what a scrape has, with the endings of a histogram's lines. */
function seriesIn(text: string): string[] {
  return [...new Set(text.match(/\bsynod_\w+/g) ?? [])].sort();
}

t.test('what is documented, drawn and watched is what there is', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const leader = await cluster.leader();
  const pages = await pagesOf(cluster.server(leader));
  const balancerPages = await pagesOf(cluster.balancer);
  await until('the leader to hear both others', 20_000, async () => {
    const now = await scrape(pages);
    return [...now].filter(([name]) => name.startsWith('synod_peer_lag_slots{')).length === 2;
  });
  const server = await typesOf(pages);
  const balancer = await typesOf(balancerPages);
  const both = new Map([...server].filter(([name]) => balancer.has(name)));
  const only = (all: Map<string, string>) => new Map([...all].filter(([name]) => !both.has(name)));
  const lines = new Map([...(await scrape(pages)), ...(await scrape(balancerPages))]);

  for (const [heading, kinds] of [
    ['Servers', only(server)],
    ['Balancers', only(balancer)],
    ['Both', both],
  ] as const) {
    const table = documented(heading);
    t.same([...table.keys()].sort(), [...kinds.keys()].sort(), `the table of ${heading}`);
    for (const [name, { kind, labels }] of table) {
      t.equal(kind, kinds.get(name), `${name} is a ${kind}`);
      t.equal(name.endsWith('_total'), kind === 'counter', `${name}: counters end in _total`);
      if (kind === 'histogram') continue;
      const [line = ''] = [...lines.keys()].filter((series) => series.replace(/\{.*/, '') === name);
      const found = [...line.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      t.same([...labels].sort(), found.sort(), `${name} has these labels`);
    }
  }

  const series = new Set([...lines.keys()].map((line) => line.replace(/\{.*/, '')));
  for (const file of ['deploy/grafana/synod.json', 'deploy/prometheus/alerts.yml']) {
    const named = seriesIn(readFileSync(file, 'utf8'));
    t.ok(named.length > 8, `${file} names ${named.length} series`);
    for (const name of named) t.ok(series.has(name), `${name} of ${file} is there`);
  }
  const drawn = readFileSync('deploy/grafana/synod.json', 'utf8');
  for (const name of [...server.keys(), ...balancer.keys()]) t.ok(drawn.includes(name), `the dashboard shows ${name}`);
});
