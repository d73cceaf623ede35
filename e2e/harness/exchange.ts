/** The loopback exchange of these tests. */

import { startStub } from "../../demo/src/exchange-stub.js";

export interface Exchange {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param pairs the markets it offers */
export async function startExchange(pairs: readonly string[]): Promise<Exchange> {
  const stub = await startStub({ pairs });
  return { url: stub.url, stop: () => stub.close() };
}
