/**
 * The only server of a cluster of one, without sockets: production's driver on real files and a real state store, its
 * time running fast. For tests that damage what it leaves behind.
 */
import path from 'node:path';
import { type Clock, type LogFields, type Logger, Prng } from '../../src/base/index.js';
import type { Applied, Row } from '../../src/chat/index.js';
import { History } from '../../src/daemon/server/history.js';
import { openDriver } from '../../src/daemon/server/open-driver.js';
import {
  closeStore,
  openStoredDriver,
  type StoredDriver,
  setStoreAside,
} from '../../src/daemon/server/stored-driver.js';
import { type Disk, FileDisk, isStoreDamage, LevelHome, loadCheckpoint } from '../../src/storage/index.js';
import { encodeRun, registerItem, runItem, type SessionId } from '../../src/wire/index.js';
import { until, within } from './until.js';

/** Forty of its seconds in one of ours: checkpoints and elections come soon. */
const speed = 40;
const room = '#lobby';

const fastClock: Clock = {
  monotonicMs: () => performance.now() * speed,
  wallMs: () => Math.floor(performance.now() * speed),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs / speed),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export interface LoneOptions {
  readonly directory: string;
  /** Rises with each life. */
  readonly life: number;
  readonly segmentBytes: number;
}

export class LoneServer {
  /** What it logged, "level event". */
  readonly log: string[] = [];
  fatal: Error | undefined;
  readonly #options: LoneOptions;
  readonly #disk: Disk;
  #stored: StoredDriver | undefined;
  #interval: NodeJS.Timeout | undefined;
  #onAnswer: ((applied: Applied) => void) | undefined;
  #batch = 0;
  #session: SessionId | undefined;
  #seq = 1;

  private constructor(options: LoneOptions) {
    this.#options = options;
    this.#disk = new FileDisk(options.directory, { fsync: false });
  }

  /** Rejects with what keeps it from opening. */
  static async open(options: LoneOptions): Promise<LoneServer> {
    const server = new LoneServer(options);
    try {
      await server.#open();
    } catch (error) {
      server.#disk.close();
      throw error;
    }
    return server;
  }

  async #open(): Promise<void> {
    const { life, segmentBytes } = this.#options;
    const birthId = Buffer.alloc(16, 5);
    const logger = this.#logger;
    this.#stored = await openStoredDriver(this.#home, logger, (store, done) =>
      openDriver(
        {
          disk: this.#disk,
          store,
          identity: {
            clusterId: Buffer.alloc(16, 3),
            serverId: 1,
            birthId,
            epoch: 1,
            members: [{ id: 1, birthId }],
            incarnation: life * 0x1_0000_0000 + 1,
          },
          clock: fastClock,
          random: new Prng(life),
          logger,
          transport: { send() {}, flush() {} },
          listener: {
            applied: (applied) => {
              if (applied.answers.length + applied.registrations.length > 0) this.#onAnswer?.(applied);
            },
            installed() {},
            settled() {},
            refused() {},
            standing() {},
            read() {},
            stopped() {},
          },
          onFatal: (error) => {
            this.fatal = error;
          },
          expectLog: life > 1,
          wal: { segmentBytes, firstSegmentBytes: segmentBytes },
        },
        done,
      ),
    );
    const { driver } = this.#stored.opened;
    this.#interval = setInterval(() => {
      driver.tick();
      driver.endOfTurn();
    }, 1);
  }

  /** Each life is a client of its own. */
  get #nonce(): Buffer {
    return Buffer.alloc(16, this.#options.life);
  }

  get #home(): LevelHome {
    return new LevelHome(path.join(this.#options.directory, 'state'));
  }

  get #logger(): Logger {
    const keep = (level: string) => (event: string, fields?: LogFields) =>
      void this.log.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
    const logger: Logger = {
      debug() {},
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      child: () => logger,
    };
    return logger;
  }

  get #opened(): StoredDriver['opened'] {
    if (this.#stored === undefined) throw new Error('it is not open');
    return this.#stored.opened;
  }

  get applied(): number {
    return this.#opened.chat.applied;
  }

  /** Every live row but that of the moment, as bytes: two servers with the same ones are in the same state. */
  rows(): Row[] {
    const isMoment = ({ key }: Row): boolean => Buffer.from(key).toString() === 'cm';
    return this.#opened.chat.snapshot().filter((row) => !isMoment(row));
  }

  /** Waits until it leads and has applied all that was chosen through this slot. */
  async settled(slot: number): Promise<void> {
    await until('a leader', 5_000, () => this.#opened.driver.view.role === 'leader' && this.applied >= slot);
  }

  /** Says so many lines, in so many slots. */
  async say(lines: number): Promise<void> {
    this.#session ??= await this.#register();
    for (let i = 0; i < lines; i++) {
      const text = `line ${this.#seq} `.padEnd(40, '.');
      const run = { session: this.#session, nonce: this.#nonce, firstSeq: this.#seq, answeredBelow: this.#seq };
      this.#seq++;
      await this.#submit(runItem(encodeRun(run, [{ kind: 'post', room, text }])));
    }
  }

  async #register(): Promise<SessionId> {
    const item = registerItem({
      nonce: this.#nonce,
      window: 64,
      server: 1,
      tokenHash: Buffer.alloc(32, 2),
      name: 'Aaron',
    });
    const made = (await this.#submit(item)).registrations[0];
    if (made?.code !== 'ok') throw new Error(`register answered ${made?.code}`);
    return made.session;
  }

  async #submit(item: Uint8Array): Promise<Applied> {
    const { driver } = this.#opened;
    await until('a leader', 5_000, () => driver.view.role === 'leader');
    const answered = new Promise<Applied>((resolve) => {
      this.#onAnswer = resolve;
    });
    driver.submit(++this.#batch, item);
    driver.endOfTurn();
    return await within('the slot to be applied', 5_000, answered);
  }

  /** Waits until everything applied so far is in a checkpoint. */
  async checkpoint(): Promise<void> {
    const { store, chat } = this.#opened;
    await until('a checkpoint', 5_000, async () => {
      const applied = await new Promise<number>((resolve, reject) => {
        loadCheckpoint(store, (error, meta) => (error === undefined ? resolve(meta?.applied ?? 0) : reject(error)));
      });
      return applied === chat.applied;
    });
  }

  /** The texts of the whole room, oldest first; undefined when it met something fatal. */
  async readAll(): Promise<string[] | undefined> {
    const { chat, sets, index, reader } = this.#opened;
    const history = new History({
      chat,
      rows: () => sets.liveSet.chat,
      index,
      reader,
      onFatal: (error) => {
        this.fatal = error;
      },
    });
    const texts: string[] = [];
    const head = chat.room(room)?.events ?? 0;
    while (texts.length < head) {
      const before = texts.length;
      history.page(room, { direction: 'from', by: 'event', event: before + 1, limit: 1000 }, (page) => {
        for (const { events } of page?.groups ?? []) texts.push(...events.map(({ text }) => text));
      });
      await until('a page', 5_000, () => texts.length > before || this.fatal !== undefined);
      if (this.fatal !== undefined) return undefined;
    }
    return texts;
  }

  /** Ends at once, as a killed process would, apart from the state store's own lock. */
  async end(): Promise<void> {
    clearInterval(this.#interval);
    const { driver, wal } = this.#opened;
    driver.end();
    await new Promise<void>((resolve) => wal.close(() => resolve()));
    if (this.#stored !== undefined) await closeStore(this.#stored.store);
    if (isStoreDamage(this.fatal)) await setStoreAside(this.#home, this.#logger, this.fatal?.message ?? '');
    this.#disk.close();
  }
}
