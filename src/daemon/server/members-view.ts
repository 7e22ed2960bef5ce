/** Who the members are, as this server tells its peers, its clients, balancers and operators. */
import { membershipHash, type SeatAddress, type Seats, type ServerId } from '../../wire/index.js';
import type { DemandKeeper } from './demands.js';
import type { Driver } from './driver.js';
import type { Membership, PeerBook, Self } from './hello.js';
import type { Roster } from './roster.js';

export interface MembersViewParts {
  readonly self: Self;
  /** What the directory is sealed with. */
  readonly sealed: Membership;
  readonly roster: Roster;
  readonly driver: Pick<Driver, 'view'>;
  readonly demands: Pick<DemandKeeper, 'needs'>;
  /** Where another server was last reached, "" if that is not known. */
  readonly addressOf: (peer: ServerId) => string;
}

/** All of it is read anew each time: the log may change the members with any slot. */
export class MembersView {
  readonly #parts: MembersViewParts;

  constructor(parts: MembersViewParts) {
    this.#parts = parts;
  }

  /** The newest members decided on: those with seats of their own, as a balancer seals them. */
  get membership(): Membership {
    const { roster, sealed } = this.#parts;
    const { epoch, seats } = roster.latest;
    const members = seats.filter(({ takes }) => takes === 0);
    return { clusterId: sealed.clusterId, epoch, members };
  }

  /** The newest members decided on govern the next slot already. */
  get governing(): boolean {
    const { driver, roster } = this.#parts;
    return driver.view.epoch === roster.latest.epoch;
  }

  /** All who have a seat, or are invited to take one, but this server. */
  get others(): ServerId[] {
    const { roster, self } = this.#parts;
    return roster.latest.seats.map(({ id }) => id).filter((id) => id !== self.id);
  }

  /** The addresses of all servers as far as they are known, this one's included. */
  get addresses(): string[] {
    return this.#parts.roster.latest.seats.map(({ id }) => this.#addressOf(id)).filter((address) => address !== '');
  }

  /** For balancers and operators. */
  seats(request = 0): Seats {
    const { roster, driver } = this.#parts;
    const { epoch, seats } = roster.latest;
    const located: SeatAddress[] = seats.map((seat) => ({ ...seat, address: this.#addressOf(seat.id) }));
    const { votes } = driver.view;
    return { type: 'seats', request, epoch, governing: this.governing, votes, seats: located };
  }

  /** For balancers; undefined while the log has changed nothing. */
  get changedSeats(): Seats | undefined {
    const { roster, sealed } = this.#parts;
    return roster.latest.epoch === sealed.epoch ? undefined : this.seats();
  }

  /** For the links to the peers. */
  get book(): PeerBook {
    const { roster, driver, demands } = this.#parts;
    const { clusterId, epoch, members } = this.membership;
    const links = roster.links(driver.view.epoch);
    return { clusterId, epoch, membershipHash: membershipHash(epoch, members), needs: demands.needs, links };
  }

  #addressOf(id: ServerId): string {
    const { self, addressOf } = this.#parts;
    return id === self.id ? self.address : addressOf(id);
  }
}
