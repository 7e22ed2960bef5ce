/** `synod help config`: which source wins, how keys and variables are called, on one page. */
import { wrap } from '../wrap.js';
import { configurable, sectionOf } from './table.js';

const widthMax = 80;

export function configHelp(): string {
  const sections = configurable.map((spec) => `[${sectionOf(spec)}]`).join(' ');
  return [
    'Where options come from, the strongest first:',
    '',
    '  1. flags               synod server --listen 127.0.0.1:9010',
    "  2. the command's own   SYNOD_SERVER_LISTEN=127.0.0.1:9010",
    '     variable, then the',
    '     general one         SYNOD_LISTEN=127.0.0.1:9010',
    "  3. the file's section  [server]",
    '     for the command     listen = "127.0.0.1:9010"',
    '  4. a key above all     log-level = "warn"',
    '     sections',
    '  5. the default         synod server --help',
    '',
    ...wrap(
      'The file is the one of --config, else of SYNOD_CONFIG, else the first that exists of ' +
        '$XDG_CONFIG_HOME/synod/config.toml (~/.config without it) and /etc/synod.toml. One file is read, never two. ' +
        'With SYNOD_CONFIG=/dev/null none is. synod proxy has a --config of its own: there SYNOD_CONFIG names the file.',
      widthMax,
    ),
    '',
    ...wrap(
      'It is TOML 1.0; keys are the names of options. Switches are true or false, numbers may be bare, lists arrays: ' +
        'balancer = ["a:8009", "b:8009"]. Flags and variables replace a list, they do not add to it. In a variable ' +
        'several values are separated by commas, those of an option that may be given again by semicolons; an empty ' +
        'variable counts as not set.',
      widthMax,
    ),
    '',
    ...wrap(
      'Some options have no general form, since the name means something else elsewhere or would do harm: what demo ' +
        'and bench run do for a cluster of their own, and servers of status and verify. The daemons of demo and bench ' +
        'run take nothing from files and variables.',
      widthMax,
    ),
    '',
    ...wrap(
      'A file that is not wholly right is refused (exit code 3), with everything that is wrong. Secrets stand neither ' +
        'in it nor in flags: options that end in -file name a file that holds one.',
      widthMax,
    ),
    '',
    ...wrap(`Sections: ${sections}`, widthMax),
    '',
    'synod config default   a file with every option and its default',
    'synod config check     what is wrong with the file',
    'synod config show      what every option is; --origin: and where it comes from',
    '',
  ].join('\n');
}
