/** Dockerfile, compose file and Kubernetes manifests: well-formed, unprivileged, and what they call exists. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { checkCommandLine } from './command-line.js';

// As the files are written, no more than this test asks for.
interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: object;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface NetworkPolicy {
  readonly podSelector: { readonly matchExpressions: readonly [{ readonly values: readonly string[] }] };
  readonly ingress: readonly { readonly from?: object; readonly ports: readonly { readonly port: number }[] }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly maxUnavailable?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly ordinals?: { readonly start: number };
    readonly serviceName?: string;
    readonly podManagementPolicy?: string;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly [Container]; readonly securityContext: object; affinity?: object };
    };
  };
}

t.test('Dockerfile', async (t) => {
  const text = readFileSync('deploy/docker/Dockerfile', 'utf8').replaceAll(/\\\n\s*/g, '');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.filter((line) => line.startsWith('FROM '));
  t.equal(stages.length, 2, 'what builds it stays behind');
  const last = lines.slice(lines.lastIndexOf(stages[1] ?? ''));
  t.match(
    last.find((line) => line.startsWith('USER ')),
    /^USER [1-9]\d*:[1-9]\d*$/,
    'not root, by number',
  );
  t.match(
    last.find((line) => line.startsWith('HEALTHCHECK ')),
    /CMD \["node", "-e", .*127\.0\.0\.1:9080\/readyz/,
  );
  t.ok(last.includes('ENTRYPOINT ["synod"]'), 'no shell between the signals and the program');
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  t.match(engines.node, />=20/);
  for (const stage of stages) t.match(stage, /^FROM node:20-/, 'the Node that the package asks for');
  const check = /"-e", "(.*)"\]/.exec(last.find((line) => line.startsWith('HEALTHCHECK ')) ?? '')?.[1] ?? '';
  t.equal(spawnSync(process.execPath, ['-e', check]).status, 1, 'the health check fails where nobody answers');
});

t.test('compose.yaml', async (t) => {
  const compose = parse(readFileSync('deploy/docker/compose.yaml', 'utf8'), { merge: true }) as {
    services: Record<
      string,
      { healthcheck?: { test: string[] }; command: string[]; restart: string; cap_drop: string[]; volumes: string[] }
    >;
    volumes: object;
  };
  t.same(Object.keys(compose.services), ['balancer', 'server-1', 'server-2', 'server-3']);
  for (const [name, service] of Object.entries(compose.services)) {
    checkCommandLine(t, service.command, `compose ${name}`);
    t.match(service.restart, /^on-failure/, `${name}: what ended in order stays down`);
    t.same(service.cap_drop, ['ALL']);
    const port = name === 'balancer' ? 8080 : 9080;
    t.ok(service.command.includes(`--http=0.0.0.0:${port}`), `${name}: its pages are where all of its kind are`);
    // A server's is the image's.
    if (port === 8080) t.match(service.healthcheck?.test.at(-1), `127.0.0.1:${port}/readyz`);
    const volume = service.volumes[0]?.split(':')[0] ?? '';
    t.ok(Object.hasOwn(compose.volumes, volume) && volume === name, `${name} has a volume of its own`);
    const id = /^server-(\d)$/.exec(name)?.[1];
    if (id === undefined) continue;
    const options = service.command.join(' ');
    t.match(options, `--id=${id} `);
    t.match(options, `--advertise=${name}:9009 `, 'the name by which the others reach it');
  }
});

t.test('the secret of compose.yaml gets into no image, no package and no commit', async (t) => {
  const compose = parse(readFileSync('deploy/docker/compose.yaml', 'utf8')) as {
    secrets: { synod: { file: string } };
  };
  const secret = path.join('deploy/docker', compose.secrets.synod.file);
  const ignored = readFileSync('deploy/docker/Dockerfile.dockerignore', 'utf8').split('\n');
  t.ok(ignored.includes(secret), `Docker's build does not see ${secret}`);
  const git = spawnSync('git', ['check-ignore', '--no-index', '--quiet', secret]);
  // 128: this is no clone, but a folder without history.
  if (git.status !== 128) t.equal(git.status, 0, 'git does not');
  const folder = t.testdir();
  for (const name of ['package.json', 'deploy']) cpSync(name, path.join(folder, name), { recursive: true });
  writeFileSync(path.join(folder, secret), 'to be kept');
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  t.equal(packed.status, 0, packed.stderr);
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: readonly { path: string }[] }];
  const names = files.map((file) => file.path);
  t.ok(names.includes('deploy/docker/compose.yaml'), 'what belongs to it is packed');
  t.notOk(names.includes(secret), 'npm does not pack it');
});

t.test('Prometheus asks the ports that the units open', async (t) => {
  const { scrape_configs: jobs } = parse(readFileSync('deploy/prometheus/scrape.yml', 'utf8')) as {
    scrape_configs: readonly { job_name: string; static_configs: [{ targets: string[] }] }[];
  };
  for (const [file, job] of [
    ['synod-server@.service', 'synod-server'],
    ['synod-balancer.service', 'synod-balancer'],
  ] as const) {
    const port =
      /^Environment=HTTP=127\.0\.0\.1:(\d+)$/m.exec(readFileSync(path.join('deploy/systemd', file), 'utf8'))?.[1] ?? '';
    const targets = jobs.find((each) => each.job_name === job)?.static_configs[0].targets ?? [];
    t.ok(targets.length > 0 && targets.every((target) => target.endsWith(`:${port}`)), `${job}: ${port}`);
  }
});

t.test('alerts: also when nobody is left to say what is wrong', async (t) => {
  const { groups } = parse(readFileSync('deploy/prometheus/alerts.yml', 'utf8')) as {
    groups: [{ rules: readonly { alert: string; expr: string }[] }];
  };
  const exprOf = (name: string): string => groups[0].rules.find(({ alert }) => alert === name)?.expr ?? '';
  t.match(exprOf('SynodNoQuorum'), ' or absent(synod_quorum_up{job="synod-server"})');
  t.match(exprOf('SynodNoLeader'), ' or absent(synod_has_leader{job="synod-server"})');
  t.equal(exprOf('SynodServerDown'), 'up{job="synod-server"} == 0');
  t.equal(exprOf('SynodBalancerDown'), 'up{job="synod-balancer"} == 0');
});

t.test('chat, as the pages say, shows the secret', async (t) => {
  for (const file of ['deploy/docker/compose.yaml', 'docs/DEPLOY.md']) {
    const text = readFileSync(file, 'utf8').replaceAll(/\\\n#\s*/g, '');
    const line = text.split('\n').find((each) => each.includes('synod chat ')) ?? '';
    const words = line.slice(line.indexOf('synod chat ')).split(' ').slice(1);
    checkCommandLine(t, words, file);
    t.match(line, '--secret-file /run/secrets/synod', file);
  }
});

t.test('Kubernetes', async (t) => {
  const folder = 'deploy/kubernetes';
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
  const kustomization = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as {
    resources: string[];
    images: [{ newTag: string }];
  };
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  t.equal(kustomization.images[0].newTag, version, 'a release, never "latest"');
  t.same([...kustomization.resources].sort(), files.sort());
  const manifests = files.flatMap((name) =>
    parseAllDocuments(readFileSync(path.join(folder, name), 'utf8')).map((document) => {
      t.same(document.errors, [], name);
      return document.toJS() as Manifest;
    }),
  );
  const of = (kind: string, name: string): Manifest => {
    const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const servers = of('StatefulSet', 'synod');
  const balancer = of('Deployment', 'synod-balancer');

  for (const { metadata, spec } of [servers, balancer]) {
    const [container] = spec.template.spec.containers;
    // As Kubernetes does: $(NAME) of the container's own environment.
    const names = (container.env ?? []).map(({ name }) => name);
    const values: Readonly<Record<string, string>> = { POD_INDEX: '1', POD_NAME: 'synod-1', POD_NAMESPACE: 'synod' };
    const args = container.args.map((arg) =>
      arg.replaceAll(/\$\((\w+)\)/g, (_, name: string) => {
        t.ok(names.includes(name), `$(${name}) is set`);
        return values[name] ?? '';
      }),
    );
    checkCommandLine(t, args, metadata.name);
    t.ok(args.includes(`--http=0.0.0.0:${metadata.name === 'synod' ? 9080 : 8080}`), 'one scheme of ports');
    const http = container.ports.find(({ name }) => name === 'http');
    t.ok(args.includes(`--http=0.0.0.0:${http?.containerPort}`), 'probes ask the port that --http opens');
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      t.equal(probe.httpGet.port, 'http');
      t.match(probe.httpGet.path, /^\/(livez|readyz)$/);
    }
    t.match(spec.template.spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    t.match(container.securityContext, { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    t.match(spec.template.metadata.labels, spec.selector.matchLabels ?? {}, 'it finds its own pods');
  }

  const [server] = servers.spec.template.spec.containers;
  t.equal(server.livenessProbe.httpGet.path, '/livez', 'a server without a leader is not killed for it');
  t.equal(server.readinessProbe.httpGet.path, '/readyz', 'an update waits until it is caught up');
  t.equal(servers.spec.ordinals?.start, 1, 'ids begin with 1');
  t.ok(server.args.includes('--id=$(POD_INDEX)'));
  t.equal(servers.spec.podManagementPolicy, 'Parallel', 'none is ready before all are there');
  t.ok(
    server.args.some((arg) => arg.includes(`$(POD_NAME).${servers.spec.serviceName}.`)),
    'advertised by its own name',
  );
  t.match(of('Service', servers.spec.serviceName ?? '').spec, { clusterIP: 'None', publishNotReadyAddresses: true });
  const { podSelector, ingress } = of('NetworkPolicy', 'synod-pages').spec as unknown as NetworkPolicy;
  for (const { spec } of [servers, balancer]) {
    t.ok(podSelector.matchExpressions[0].values.includes(spec.template.metadata.labels.app ?? ''), 'it is for both');
    for (const { name, containerPort } of spec.template.spec.containers[0].ports) {
      const rules = ingress.filter(({ ports }) => ports.some(({ port }) => port === containerPort));
      const isOpen = rules.map(({ from }) => from === undefined);
      t.same(isOpen, [name !== 'http'], `${containerPort} is let in, and the pages not from anywhere`);
    }
  }
  const budget = of('PodDisruptionBudget', 'synod-servers');
  t.equal(budget.spec.maxUnavailable, 1, 'three bear the loss of one');
  t.same(budget.spec.selector, servers.spec.selector);
  t.match(JSON.stringify(servers.spec.template.spec.affinity), /required.*kubernetes\.io\/hostname/);
});

const noKubectl =
  spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl (with kustomize) is not installed';

t.test('kubectl puts the manifests together', { skip: noKubectl }, async (t) => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', 'deploy/kubernetes'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const kinds = parseAllDocuments(stdout).map((document) => (document.toJS() as Manifest).kind);
  t.same(kinds.sort(), [
    'Deployment',
    'NetworkPolicy',
    'PersistentVolumeClaim',
    'PodDisruptionBudget',
    'Service',
    'Service',
    'StatefulSet',
  ]);
});
