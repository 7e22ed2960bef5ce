/** The hello of a stopped server, read from its data directory: whoever shows it is that server to all others. */
import { randomBytes } from 'node:crypto';
import { Directory, FileDisk } from '../../src/storage/index.js';
import { type Hello, membershipHash } from '../../src/wire/index.js';
import { hello } from './raw-peer.js';

/** In a further life of the directory, which it counts. */
export async function papersOf(dataDir: string): Promise<Hello> {
  const disk = new FileDisk(dataDir);
  const directory = await new Promise<Directory>((resolve, reject) => {
    Directory.open(disk, { serverId: 0, randomBytes }, (error, opened) => {
      if (opened === undefined) reject(error);
      else resolve(opened);
    });
  });
  const seal = directory.seal;
  if (seal === undefined) throw new Error(`${dataDir} was never sealed`);
  return hello({
    role: 'server',
    authMethod: 'none',
    auth: new Uint8Array(0),
    serverId: directory.serverId,
    birthId: Uint8Array.from(directory.birthId),
    incarnation: directory.incarnation,
    clusterId: Uint8Array.from(seal.clusterId),
    epoch: seal.epoch,
    membershipHash: membershipHash(seal.epoch, seal.members),
  });
}
