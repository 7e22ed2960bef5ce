/** Where the other servers were last reached, kept as advice for a start without a balancer. Never part of safety. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../base/index.js';
import type { MemberAddress, ServerId } from '../../wire/index.js';

const fileName = 'addresses.json';

/** A damaged or missing file means that nothing is known; it is never an error. */
export class AddressBook {
  readonly #file: string | undefined;
  readonly #logger: Logger;
  #addresses = new Map<ServerId, string>();

  /** Without a directory it lasts as long as the process. */
  constructor(directory: string | undefined, logger: Logger) {
    this.#logger = logger;
    if (directory === undefined) return;
    this.#file = path.join(directory, fileName);
    try {
      const found: unknown = JSON.parse(readFileSync(this.#file, 'utf8'));
      if (typeof found === 'object' && found !== null) {
        for (const [id, address] of Object.entries(found)) {
          if (Number.isInteger(Number(id)) && typeof address === 'string') this.#addresses.set(Number(id), address);
        }
      }
    } catch (error) {
      logger.debug('addresses-unknown', { reason: (error as Error).message });
    }
  }

  /** The address of a member, "" if it was never known. */
  of(id: ServerId): string {
    return this.#addresses.get(id) ?? '';
  }

  /** Takes over what the balancer says; "" changes nothing. */
  learn(members: readonly MemberAddress[]): void {
    const before = JSON.stringify(Object.fromEntries(this.#addresses));
    for (const { id, address } of members) if (address !== '') this.#addresses.set(id, address);
    const text = JSON.stringify(Object.fromEntries(this.#addresses));
    if (text === before || this.#file === undefined) return;
    try {
      writeFileSync(`${this.#file}.new`, text);
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#logger.warn('addresses-not-kept', {
        text: 'the addresses could not be kept: a start without balancer would not know them',
        reason: (error as Error).message,
      });
    }
  }
}
