import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairQueue } from "../../src/server/fair_queue.js";

const WIDE = { items: 10_000, items_per_client: 10_000, cost: 1e12 };

function drain<T>(queue: FairQueue<T>): T[] {
  const order: T[] = [];
  for (let work = queue.next(); work !== undefined; work = queue.next()) order.push(work);
  return order;
}

describe("the order of service", () => {
  it("alternates between clients, however much one has asked before the others", () => {
    const queue = new FairQueue<string>(WIDE);
    for (let i = 0; i < 5; i++) queue.push("greedy", 1, `g${i}`);
    for (let i = 0; i < 2; i++) queue.push("modest", 1, `m${i}`);
    expect(drain(queue)).toEqual(["g0", "m0", "g1", "m1", "g2", "g3", "g4"]);
  });

  it("counts cost, not messages: who asks for much waits for those who ask for little", () => {
    const queue = new FairQueue<string>(WIDE);
    for (let i = 0; i < 3; i++) queue.push("heavy", 64, `h${i}`);
    for (let i = 0; i < 70; i++) queue.push("light", 1, `l${i}`);
    const order = drain(queue);
    expect(order.indexOf("h1")).toBeGreaterThanOrEqual(64);
    expect(order.filter((one) => one.startsWith("l"))).toHaveLength(70);
  });

  it("keeps each client's own order", () => {
    const work = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 100 }));
    fc.assert(
      fc.property(fc.array(work, { maxLength: 60 }), (all) => {
        const queue = new FairQueue<readonly [string, number]>(WIDE);
        for (const [index, [client, cost]] of all.entries()) queue.push(client, cost, [client, index]);
        const order = drain(queue);
        expect(order).toHaveLength(all.length);
        for (const client of ["a", "b", "c", "d"]) {
          const own = order.filter(([whose]) => whose === client).map(([, index]) => index);
          expect(own).toEqual([...own].sort((x, y) => x - y));
        }
      }),
      { seed: 5 },
    );
  });

  it("gives clients who always have work waiting equal shares, whatever their messages cost", () => {
    const costs = { a: 1, b: 7, c: 64 };
    const queue = new FairQueue<keyof typeof costs>(WIDE);
    const served = { a: 0, b: 0, c: 0 };
    const clients = Object.keys(costs) as (keyof typeof costs)[];
    for (const client of clients) for (let i = 0; i < 2; i++) queue.push(client, costs[client], client);
    for (let i = 0; i < 20_000; i++) {
      const client = queue.next();
      if (client === undefined) throw new Error("empty");
      served[client] += costs[client];
      queue.push(client, costs[client], client);
    }
    const shares = Object.values(served);
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.02);
  });

  it("owes nothing to who was idle", () => {
    const queue = new FairQueue<string>(WIDE);
    for (let i = 0; i < 100; i++) {
      queue.push("busy", 1, "b");
      queue.push("other", 1, "o");
      queue.next();
    }
    queue.push("new", 1, "n0");
    queue.push("new", 1, "n1");
    const order = drain(queue);
    // One after the other with those who were there, not two in a row.
    expect(order.indexOf("n1") - order.indexOf("n0")).toBeGreaterThan(1);
  });
});

describe("the limits", () => {
  it("hold in all, per client and in cost; what is refused is not kept", () => {
    const queue = new FairQueue<number>({ items: 5, items_per_client: 2, cost: 100 });
    expect([queue.push("a", 1, 1), queue.push("a", 1, 2), queue.push("a", 1, 3)]).toEqual([true, true, false]);
    expect([queue.push("b", 99, 4), queue.push("b", 98, 5)]).toEqual([false, true]);
    expect([queue.push("c", 0, 6), queue.push("d", 0, 7), queue.push("e", 0, 8)]).toEqual([true, true, false]);
    expect([queue.size, queue.cost]).toEqual([5, 100]);
    expect(drain(queue).sort()).toEqual([1, 2, 5, 6, 7]);
    expect([queue.size, queue.cost, queue.clients]).toEqual([0, 0, 0]);
  });

  it("forget clients: a thousand that came once leave nothing behind", () => {
    const queue = new FairQueue<number>(WIDE);
    queue.push("steady", 1, 0);
    for (let i = 0; i < 1000; i++) {
      queue.push(`client ${i}`, 1, i);
      queue.push("steady", 1, i);
      queue.next();
      queue.next();
    }
    expect(queue.clients).toBeLessThan(10);
  });

  it("are given back by what is taken out unserved", () => {
    const queue = new FairQueue<number>({ items: 4, items_per_client: 4, cost: 10 });
    for (let i = 0; i < 4; i++) queue.push("a", 2, i);
    expect(queue.remove((work) => work % 2 === 1).sort()).toEqual([1, 3]);
    expect([queue.size, queue.cost]).toEqual([2, 4]);
    expect(drain(queue)).toEqual([0, 2]);
  });
});
