/** The options for secrets, certificates and limits, as rows of the command table; security.ts reads them. */
import type { OptionRule, OptionSpec } from './command.js';

const secretFile: OptionSpec = {
  name: 'secret-file',
  value: 'FILE',
  help: "the cluster's secret, a line of 16 bytes or more",
  shownDefault: '$SYNOD_SECRET',
  secret: true,
};
const inviteFile: OptionSpec = {
  name: 'invite-file',
  value: 'FILE',
  help: 'an invitation: it lets chats in, and nothing else',
  shownDefault: '$SYNOD_INVITE',
  secret: true,
};
const tls: readonly OptionSpec[] = [
  { name: 'tls-ca', value: 'FILE', help: 'speak TLS with those whose certificates this CA signed' },
  {
    name: 'tls-cert',
    value: 'FILE',
    help: 'our own certificate, PEM',
    rules: [
      { kind: 'needs', others: ['tls-key', 'tls-ca'], because: 'goes with its key, and a CA that says whom to trust' },
    ],
  },
  {
    name: 'tls-key',
    value: 'FILE',
    help: 'its private key',
    rules: [
      {
        kind: 'needs',
        others: ['tls-cert', 'tls-ca'],
        because: 'goes with its certificate, and a CA that says whom to trust',
      },
    ],
  },
];

const insecure: OptionSpec = {
  name: 'insecure',
  help: 'listen to other machines without a secret: everybody is let in',
};
const connectionsPerAddress: OptionSpec = {
  name: 'connections-per-address',
  value: 'N',
  reader: async () => (await import('./security.js')).readConnections,
  help: 'connections that one address may hold',
  shownDefault: 'no limit',
};
const rateLimit: OptionSpec = {
  name: 'rate-limit',
  value: 'N/s',
  reader: async () => (await import('./security.js')).readRate,
  help: 'messages a second that one name may send, and one connection',
  shownDefault: 'no limit',
};

/** Of a command that dials. */
export const callerSecurity: readonly OptionSpec[] = [secretFile, inviteFile, ...tls];

/** Of a command that calls a fault proxy's API. */
export const apiSecurity: readonly OptionSpec[] = [
  { ...secretFile, help: 'needed where the API listens to other machines' },
];

/** Of the fault proxy. */
export const proxySecurity: readonly OptionSpec[] = [
  { ...secretFile, help: 'who calls the API from another machine must know it' },
  insecure,
];

/** What listens shows who it is, and demands something of everybody. */
const listenerRules: Readonly<Record<string, OptionRule>> = {
  'invite-file': { kind: 'needs', others: ['secret-file'], because: 'lets chats in beside the cluster secret' },
  'tls-ca': {
    kind: 'needs',
    others: ['tls-cert', 'tls-key'],
    because: 'alone is for chats; a listener shows a certificate',
  },
};

export const balancerSecurity: readonly OptionSpec[] = [
  ...callerSecurity.map((option) => withRule(option, listenerRules[option.name])),
  insecure,
  connectionsPerAddress,
];

export const serverSecurity: readonly OptionSpec[] = [...balancerSecurity, rateLimit];

/** The option with one rule more. */
export function withRule(option: OptionSpec, rule: OptionRule | undefined): OptionSpec {
  return rule === undefined ? option : { ...option, rules: [...(option.rules ?? []), rule] };
}
