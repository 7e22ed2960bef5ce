/** Where this user's files of the program are: the configuration and the identity. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * `$XDG_CONFIG_HOME/synod`, else `~/.config/synod`. A relative XDG_CONFIG_HOME is ignored, as its specification asks.
 */
export function configDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment.XDG_CONFIG_HOME;
  const base = configured?.startsWith('/') === true ? configured : join(environment.HOME ?? homedir(), '.config');
  return join(base, 'synod');
}
