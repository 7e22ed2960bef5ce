/**
 * Sends this server's state to peers that lag behind what the log still holds: chunk by chunk as they ask, each request
 * naming its place, so that a transfer goes on after any loss (docs/decisions/0010).
 */
import { equalBytes, failpoint, type Logger, limits } from '../../base/index.js';
import { StateSource, type StateSourceParts } from '../../storage/index.js';
import { type Ballot, type ServerId, type StateChunk, type StateRequest, stateSum } from '../../wire/index.js';

export interface StateSenderParts extends StateSourceParts {
  readonly promised: () => Ballot;
  readonly send: (to: ServerId, chunk: StateChunk) => void;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** `limits.stateChunkBytes`, unless a test gives less. */
  readonly chunkBytes: number;
}

/** A peer that is being served, and the state it gets. */
interface Transfer {
  readonly to: ServerId;
  readonly beganMs: number;
  /** Undefined while it is being opened. */
  source: StateSource | undefined;
  usedMs: number;
  /** What was sent, each place once, and the last place. */
  sentBytes: number;
  position: Uint8Array;
  /** The last chunk has left. */
  isSent: boolean;
  reading: boolean;
  /** The newest request that came while a piece was being read. */
  waiting: StateRequest | undefined;
}

export class StateSender {
  readonly #parts: StateSenderParts;
  readonly #transfers = new Map<ServerId, Transfer>();

  constructor(parts: StateSenderParts) {
    this.#parts = parts;
  }

  /** Peers being served. */
  get count(): number {
    return this.#transfers.size;
  }

  onRequest(from: ServerId, request: StateRequest): void {
    const known = this.#transfers.get(from);
    if (known === undefined) {
      this.#begin(from, request);
      return;
    }
    known.usedMs = this.#parts.nowMs();
    if (known.reading) known.waiting = request;
    else if (known.source?.meta.applied === request.slot) this.#serve(known, request);
    else this.#begin(from, request);
  }

  /** Ends transfers that nobody goes on with, and those that have pinned the log for too long. */
  tick(): void {
    const nowMs = this.#parts.nowMs();
    for (const transfer of this.#transfers.values()) {
      const idleMs = transfer.isSent ? limits.statePinAfterMs : limits.stateFetchMs;
      const pinMs = limits.snapshotPinMs + transfer.sentBytes / limits.statePinBytesPerMs;
      if (nowMs - transfer.usedMs >= idleMs || nowMs - transfer.beganMs >= pinMs) this.#end(transfer);
    }
  }

  end(): void {
    for (const transfer of this.#transfers.values()) this.#end(transfer);
  }

  /** Takes the newest checkpoint for this peer, in place of what it was sent before. */
  #begin(to: ServerId, request: StateRequest): void {
    const { logger, nowMs } = this.#parts;
    const before = this.#transfers.get(to);
    if (before !== undefined) this.#end(before);
    if (this.#transfers.size >= limits.stateTransfersMax) {
      logger.debug('ignored', { what: 'stateRequest', why: 'enough peers are being sent the state', from: to });
      return;
    }
    const transfer: Transfer = {
      to,
      beganMs: nowMs(),
      source: undefined,
      usedMs: nowMs(),
      sentBytes: 0,
      position: new Uint8Array(0),
      isSent: false,
      reading: true,
      waiting: undefined,
    };
    this.#transfers.set(to, transfer);
    StateSource.open(this.#parts, (error, source) => {
      transfer.reading = false;
      if (this.#transfers.get(to) !== transfer || source === undefined) {
        source?.close();
        this.#transfers.delete(to);
        if (error !== undefined) this.#failed(transfer, error);
        return;
      }
      transfer.source = source;
      logger.info('sending-state', { to, applied: source.meta.applied, history: source.firstKept });
      const { request: number } = transfer.waiting ?? request;
      transfer.waiting = undefined;
      this.#serve(transfer, { ...request, request: number, position: new Uint8Array(0), sum: 0 });
    });
  }

  #serve(transfer: Transfer, { request, position, sum }: StateRequest): void {
    const { source, to } = transfer;
    if (source === undefined) return;
    transfer.reading = true;
    // A view of the frame that it came in.
    const place = Buffer.from(position);
    source.read(place, this.#parts.chunkBytes, (error, piece) => {
      transfer.reading = false;
      if (this.#transfers.get(to) !== transfer) return;
      if (piece === undefined) return this.#failed(transfer, error);
      const { applied: slot, hash } = source.meta;
      const content = { position: place, ...piece };
      transfer.isSent = piece.next.length === 0;
      if (!equalBytes(place, transfer.position)) transfer.sentBytes += piece.bytes.length;
      transfer.position = place;
      failpoint('snapshot.chunk-sent');
      this.#parts.send(to, {
        type: 'stateChunk',
        request,
        promised: this.#parts.promised(),
        slot,
        hash,
        firstKept: source.firstKept,
        ...content,
        sum: stateSum(sum, content),
      });
      const { waiting } = transfer;
      transfer.waiting = undefined;
      if (waiting !== undefined) this.onRequest(to, waiting);
    });
  }

  /** What cannot be read any more (a full disk, a state that was replaced) is begun anew when the peer asks again. */
  #failed(transfer: Transfer, error: Error | undefined): void {
    const { to } = transfer;
    this.#parts.logger.warn('state-not-sent', { to, error: error?.message ?? 'there is no checkpoint yet' });
    this.#end(transfer);
  }

  #end(transfer: Transfer): void {
    if (this.#transfers.get(transfer.to) === transfer) this.#transfers.delete(transfer.to);
    transfer.source?.close();
    transfer.source = undefined;
  }
}
