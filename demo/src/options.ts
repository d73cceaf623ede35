/** What one run of the demo is asked to do. Read from the command line by scripts/lib/demo-options.mjs, before anything is built. */

export interface DemoOptions {
  /** The user's candles, absolute; null: the synthetic market. */
  readonly datadir: string | null;
  /** null: all pairs of the timeframe in the datadir that are quoted in the stake currency. */
  readonly pairs: readonly string[] | null;
  /** null: the strategy's. */
  readonly timeframe: string | null;
  /** As freqtrade writes it; null: the last two months there are. */
  readonly timerange: string | null;
  readonly strategy: { readonly file: string; readonly class_name: string };
  readonly profile: string;
  /** Where the report and everything else this run writes goes, absolute. */
  readonly out: string;
}

/** Progress, on stderr. */
export interface Progress {
  say(text: string): void;
  /** Runs one step and reports its outcome and time. */
  step<T extends string | { readonly outcome: string }>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Something the user asked for cannot be done; the message names it and the fix. Exit code 2. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}
