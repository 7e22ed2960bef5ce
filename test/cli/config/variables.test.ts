/** The SYNOD_ variables: each sets one option, misspelt ones are noticed, others' are left alone. */
import t from 'tap';
import type { OptionSpec } from '../../../src/cli/command.js';
import { readerOf } from '../../../src/cli/config/readers.js';
import { configurable, isGeneral, optionsOf, sectionOf } from '../../../src/cli/config/table.js';
import { misspelt, variablesOf, withoutOptions } from '../../../src/cli/config/variables.js';

const all = configurable.flatMap((spec) => optionsOf(spec).map((option) => ({ spec, option })));

t.test('no variable has two meanings', async (t) => {
  const meanings = new Map<string, Set<string>>();
  for (const { spec, option } of all) {
    const [own = '', general] = variablesOf(spec, option).map(({ name }) => name);
    for (const [name, meaning] of [
      [own, `${sectionOf(spec)}.${option.name}`],
      [general, option.name],
    ] as const) {
      if (name !== undefined) meanings.set(name, (meanings.get(name) ?? new Set()).add(meaning));
    }
  }
  const ambiguous = [...meanings].filter(([, set]) => set.size > 1).map(([name]) => name);
  // `api` of `proxy`, and `proxy-api` of `chat`: the same place.
  t.strictSame(ambiguous, ['SYNOD_PROXY_API']);
  t.ok(meanings.size > 150, `${meanings.size} variables`);
});

t.test('options that share a name in general take the same', async (t) => {
  const shapes = new Map<string, string>();
  const shapeOf = ({ value, repeats }: OptionSpec) => `${value} ${repeats}`;
  for (const { option } of all.filter(({ option }) => isGeneral(option))) {
    t.equal(shapes.get(option.name) ?? shapeOf(option), shapeOf(option), option.name);
    shapes.set(option.name, shapeOf(option));
  }
});

t.test('every value is judged, or it is said here why any text will do', async (t) => {
  const free: string[] = [];
  for (const { spec, option } of all) {
    if (option.value !== undefined && (await readerOf(option)) === undefined) free.push(`${spec.name} ${option.name}`);
  }
  // Any text may stand before a room's name; words that the proxy judges.
  t.strictSame(free, ['mirror prefix', 'link kind']);
  for (const { option } of all) {
    if (option.default === undefined) continue;
    const reader = await readerOf(option);
    t.doesNotThrow(() => reader?.('the default', option.default as string), `--${option.name} ${option.default}`);
  }
});

t.test('misspelt variables', async (t) => {
  const set = (name: string) => misspelt({ [name]: 'x' });
  t.strictSame(set('SYNOD_SERVER_LISTN'), ['SYNOD_SERVER_LISTN sets no option - did you mean SYNOD_SERVER_LISTEN ?']);
  t.strictSame(set('SYNOD_BALANCR'), ['SYNOD_BALANCR sets no option - did you mean SYNOD_BALANCER ?']);
  t.strictSame(set('SYNOD_LOGLEVEL'), ['SYNOD_LOGLEVEL sets no option - did you mean SYNOD_LOG_LEVEL ?']);
  for (const right of ['SYNOD_SERVER_LISTEN', 'SYNOD_LISTEN', 'SYNOD_CONFIG', 'SYNOD_BENCH_RUN_NO_FSYNC']) {
    t.strictSame(set(right), [], right);
  }
  const ours = 'DEBUG TEST_BUILD FAILPOINTS FAILPOINTS_REPORT SEGMENT_BYTES RETAIN_BYTES SEED GOLDEN RECORD BIN';
  for (const word of [...ours.split(' '), 'EVERY_SYNC', 'STORE_DAMAGES', 'PROFILES']) {
    t.strictSame(set(`SYNOD_${word}`), [], word);
  }
  t.strictSame(misspelt({ XSYNOD_LISTN: 'x', PATH: '/' }), []);
});

t.test('what Kubernetes sets next to a service is no mistake', async (t) => {
  for (const service of ['SYNOD', 'SYNOD_SERVER', 'SYNOD_BALANCER', 'SYNOD_HTTP', 'SYNOD_CHAT']) {
    const words = ['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_CLIENT', 'PORT', 'PORT_9009_TCP'];
    for (const word of [...words, 'PORT_9009_TCP_ADDR', 'PORT_9009_TCP_PROTO']) {
      const name = `${service}_${word}`;
      t.strictSame(misspelt({ [name]: 'tcp://10.0.0.1:9009' }), [], name);
      t.notOk(
        all.some(({ spec, option }) => variablesOf(spec, option).some((one) => one.name === name)),
        name,
      );
    }
  }
});

t.test('an environment without options', async (t) => {
  const kept = {
    PATH: '/bin',
    SYNOD_DEBUG: '1',
    SYNOD_TEST_BUILD: '1',
    SYNOD_FAILPOINTS: 'x',
    SYNOD_RETAIN_BYTES: '9',
  };
  const options = { SYNOD_FSYNC: 'never', SYNOD_SERVER_DATA_DIR: '/x', SYNOD_SEED: '1', SYNOD_PROXY_SEED: '7' };
  t.strictSame(withoutOptions({ ...kept, ...options, SYNOD_CONFIG: '/etc/passwd' }), {
    ...kept,
    SYNOD_SEED: '1',
    SYNOD_CONFIG: '/dev/null',
  });
});
