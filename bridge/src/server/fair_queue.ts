/**
 * Whose turn it is: work of many clients in start-time fair order. Each client's work is laid end to end on a line of cost; what begins
 * earliest is done first. A client that asks for much waits behind one that asks for little, and one that was idle has saved nothing up.
 */

interface Flow<T> {
  /** Where on the line the client's newest work ends. */
  end: number;
  readonly items: Item<T>[];
}

interface Item<T> {
  readonly start: number;
  readonly cost: number;
  readonly work: T;
}

export interface FairQueueLimits {
  /** Pieces of work waiting in all. */
  readonly items: number;
  /** Pieces of work of one client. */
  readonly items_per_client: number;
  /** Cost of all work waiting. */
  readonly cost: number;
}

export class FairQueue<T> {
  private readonly limits: FairQueueLimits;
  private readonly flows = new Map<string, Flow<T>>();
  /** Start of the work taken last: the place on the line where service is. */
  private now = 0;
  private count = 0;
  private waiting_cost = 0;

  constructor(limits: FairQueueLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.count;
  }

  /** Cost of all work waiting. */
  get cost(): number {
    return this.waiting_cost;
  }

  /** Clients that have work waiting, or had more than their share until now. */
  get clients(): number {
    return this.flows.size;
  }

  /** @returns false, and nothing is kept, at a limit */
  push(client: string, cost: number, work: T): boolean {
    const { limits } = this;
    if (this.count >= limits.items || this.waiting_cost + cost > limits.cost) return false;
    const flow = this.flows.get(client) ?? { end: this.now, items: [] };
    if (flow.items.length >= limits.items_per_client) return false;
    const start = Math.max(this.now, flow.end);
    flow.end = start + cost;
    flow.items.push({ start, cost, work });
    this.flows.set(client, flow);
    this.count += 1;
    this.waiting_cost += cost;
    return true;
  }

  /** Takes the work whose turn it is. */
  next(): T | undefined {
    let first: Flow<T> | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [client, flow] of this.flows) {
      const head = flow.items[0];
      if (head === undefined) {
        // Nothing waits, and its share is used up to where service is: nothing to remember.
        if (flow.end <= this.now) this.flows.delete(client);
      } else if (head.start < earliest) {
        earliest = head.start;
        first = flow;
      }
    }
    const item = first?.items.shift();
    if (item === undefined) return undefined;
    this.now = item.start;
    this.taken(item);
    if (this.count === 0) this.rest();
    return item.work;
  }

  /** Takes out all work that a test picks, in no particular order. */
  remove(picks: (work: T) => boolean): T[] {
    const removed: T[] = [];
    for (const flow of this.flows.values()) {
      for (let at = flow.items.length - 1; at >= 0; at--) {
        const item = flow.items[at];
        if (item === undefined || !picks(item.work)) continue;
        flow.items.splice(at, 1);
        this.taken(item);
        removed.push(item.work);
      }
    }
    if (this.count === 0) this.rest();
    return removed;
  }

  private taken(item: Item<T>): void {
    this.count -= 1;
    this.waiting_cost -= item.cost;
  }

  /** Nobody waits, so nobody owes anybody a turn: the line begins anew and no client is remembered. */
  private rest(): void {
    this.flows.clear();
    this.now = 0;
  }
}
