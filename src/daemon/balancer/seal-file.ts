/** The seal on disk: durable before it is announced (BEHAVIOUR.md 3.2), never half-written, never silently damaged. */
import { closeSync, promises as fs, fsyncSync, openSync } from 'node:fs';
import path from 'node:path';
import { crc32, ExitError, exitCodes, fromHex, toHex } from '../../base/index.js';
import { sealFileName } from '../data-directory.js';
import type { Seal } from './membership.js';

/** Where a seal is kept; tests put a slow or failing one in its place. */
export interface SealStore {
  /** The seal, or undefined when nothing was sealed yet. Throws an ExitError (exit 7) when it is damaged. */
  load(): Promise<Seal | undefined>;
  /**
   * The first seal: resolves, once it is durable, to the one that stands from then on: `seal`, or that of another
   * balancer that was first. undefined: this balancer stops, and nothing is known.
   */
  seal(seal: Seal): Promise<Seal | undefined>;
  /** A changed one: resolves once it is on disk: bytes synced, file renamed, directory synced. */
  save(seal: Seal): Promise<void>;
}

const temporaryName = `${sealFileName}.new`;
const format = 1;

/** The seal in a balancer's data directory. */
export class SealFile implements SealStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async load(): Promise<Seal | undefined> {
    const file = path.join(this.#directory, sealFileName);
    let text: string;
    try {
      text = await fs.readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new ExitError(
        exitCodes.damaged,
        'DISK_ERROR',
        `cannot read ${file} (${(error as Error).message}): check the disk`,
      );
    }
    const seal = parseSeal(text);
    if (seal !== undefined) return seal;
    throw new ExitError(
      exitCodes.damaged,
      'DAMAGED',
      `${file} is damaged: remove it and restart; the servers show their membership and it is taken over from them`,
    );
  }

  async seal(seal: Seal): Promise<Seal> {
    await this.save(seal);
    return seal;
  }

  async save(seal: Seal): Promise<void> {
    const temporary = path.join(this.#directory, temporaryName);
    const handle = await fs.open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(formatSeal(seal));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path.join(this.#directory, sealFileName));
    syncDirectory(this.#directory);
  }
}

/** The file's text: one JSON object whose last field is the CRC-32 of the object without it. */
export function formatSeal(seal: Seal): string {
  const body = {
    format,
    clusterId: toHex(seal.clusterId),
    epoch: seal.epoch,
    members: seal.members.map(({ id, birthId, address }) => ({ id, birthId: toHex(birthId), address })),
    joining: seal.joining,
  };
  return `${JSON.stringify({ ...body, crc: checksum(body) })}\n`;
}

/** The seal in `text`, or undefined when anything at all is wrong with it. */
export function parseSeal(text: string): Seal | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const { crc, ...body } = found as Record<string, unknown>;
  if (crc !== checksum(body) || body.format !== format || !Array.isArray(body.members)) return undefined;
  const clusterId = unhex(body.clusterId);
  const epoch = body.epoch;
  if (clusterId === undefined || typeof epoch !== 'number' || !Number.isSafeInteger(epoch)) return undefined;
  const members = [];
  for (const entry of body.members as unknown[]) {
    if (typeof entry !== 'object' || entry === null) return undefined;
    const { id, birthId, address } = entry as Record<string, unknown>;
    const birth = unhex(birthId);
    if (typeof id !== 'number' || birth === undefined || typeof address !== 'string') return undefined;
    members.push({ id, birthId: birth, address });
  }
  // A seal of before servers could be replaced has none.
  const joining = body.joining ?? [];
  if (!isIdList(joining)) return undefined;
  return { clusterId, epoch, members, joining };
}

function isIdList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((id) => Number.isInteger(id));
}

function checksum(body: object): string {
  return crc32(Buffer.from(JSON.stringify(body)))
    .toString(16)
    .padStart(8, '0');
}

function unhex(text: unknown): Uint8Array | undefined {
  return typeof text === 'string' && text.length === 32 ? fromHex(text) : undefined;
}

/** Without this a renamed file may be gone after power loss (RELIABILITY.md 8). */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
