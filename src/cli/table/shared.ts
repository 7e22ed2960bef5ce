/** Options that several commands have, and the readers that judge values; loaded when a value is judged. */
import type { OptionSpec, OptionValues, Reader } from '../command.js';
import { callerSecurity } from '../security-options.js';

/** Readers are loaded when a value is judged: with them come the folders whose words they know. */
export const values =
  (
    name:
      | 'readAge'
      | 'readApi'
      | 'readFsync'
      | 'readHistory'
      | 'readHttp'
      | 'readLogFormat'
      | 'readOrdinal'
      | 'readOwnId'
      | 'readRetain'
      | 'readServer'
      | 'readServers'
      | 'readWhy',
  ) =>
  async (): Promise<Reader> =>
    (await import('../values.js'))[name];
export const redis = async (): Promise<Reader> => (await import('../redis-address.js')).readRedis;
export const faults = (name: 'readLink' | 'readModeText' | 'readServerMode') => async (): Promise<Reader> =>
  (await import('../fault-values.js'))[name];
export const bench = (name: keyof typeof import('../bench-options.js').benchReaders) => async (): Promise<Reader> =>
  (await import('../bench-options.js')).benchReaders[name];

/** Judges of options that must fit one another, loaded as readers are. */
type Judge = () => Promise<(options: OptionValues) => void>;
export const fits =
  (name: 'retainFits'): Judge =>
  async () =>
    (await import('../values.js'))[name];
export const benchFits =
  (name: keyof typeof import('../bench-options.js').benchJudges): Judge =>
  async () =>
    (await import('../bench-options.js')).benchJudges[name];

/** How many servers a cluster is made with. */
export const servers: OptionSpec = {
  name: 'servers',
  value: 'N',
  reader: values('readServers'),
  help: 'how many servers, an odd number',
  default: '3',
};
export const balancer: OptionSpec = {
  name: 'balancer',
  value: 'H:P,…',
  help: 'where the balancer listens; several are tried in turn',
  default: '127.0.0.1:8009',
};
export const name: OptionSpec = { name: 'name', value: 'NAME', help: 'your name', shownDefault: '$USER, else guest' };
export const room: OptionSpec = {
  name: 'room',
  value: 'ROOM',
  help: "#name, or @a,b for two people's messages",
  default: '#lobby',
};
export const timeout: OptionSpec = {
  name: 'timeout',
  value: 'TIME',
  help: 'how long to wait for an answer',
  default: '10s',
};
export const server: OptionSpec = { name: 'server', value: 'H:P', help: 'talk to this server, without a balancer' };
export const json: OptionSpec = { name: 'json', help: 'one JSON object a line, for programs' };
export const plain: OptionSpec = { name: 'plain', help: 'lines of text, for people and pipes' };
export const proxyApi: OptionSpec = {
  name: 'proxy-api',
  value: 'H:P',
  reader: values('readApi'),
  help: 'control address of a fault proxy: faults from the chat',
};
export const logLevel: OptionSpec = {
  name: 'log-level',
  value: 'LEVEL',
  help: 'debug, info, warn or error; logs go to stderr',
  choices: ['debug', 'info', 'warn', 'error'],
  default: 'info',
};
export const logFormat: OptionSpec = {
  name: 'log-format',
  value: 'FORMAT',
  reader: values('readLogFormat'),
  help: 'text, json, or auto: text on a terminal',
  default: 'auto',
};
export const http: OptionSpec = {
  name: 'http',
  value: 'H:P',
  reader: values('readHttp'),
  help: 'health, status and metrics over HTTP; "" for none; the log tells the port',
  default: '127.0.0.1:0',
};
export const mode: OptionSpec = {
  name: 'mode',
  value: 'SPEC',
  reader: faults('readModeText'),
  help: 'faults on the links to other servers, e.g. p:10::a:20::c:30 (seconds)',
};
export const api: OptionSpec = {
  name: 'api',
  value: 'H:P',
  reader: values('readApi'),
  help: "the proxy's control API",
  default: 'localhost:8474',
};
/** Which servers to ask; elsewhere `servers` says how many there are. */
export const askServers: OptionSpec = {
  name: 'servers',
  value: 'H:P,…',
  help: 'ask these servers, when the balancer is down',
  general: false,
};

/** Of commands by which an operator decides something. */
export const decider: readonly OptionSpec[] = [
  balancer,
  { ...server, help: 'ask this server, without a balancer' },
  { ...timeout, help: 'how long to try' },
  ...callerSecurity,
  json,
];
