/** Where this user's files of the program are: the configuration and the identity. */
import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * `$XDG_CONFIG_HOME/synod`, else `~/.config/synod`. A relative XDG_CONFIG_HOME is ignored, as its specification asks,
 * and so is a HOME that is empty or relative: the working directory is anybody's.
 */
export function configDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment.XDG_CONFIG_HOME;
  if (configured?.startsWith('/') === true) return join(configured, 'synod');
  const home = environment.HOME?.startsWith('/') === true ? environment.HOME : userInfo().homedir;
  return join(home, '.config', 'synod');
}
