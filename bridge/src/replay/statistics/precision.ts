/** How often what was stopped would have lost, against how often anything lost: the least a gate that picks losers must show. */

export interface Precision {
  /** Share of losers among the stopped entries, by count; null when none was stopped. */
  readonly denied_losers: number | null;
  /** Share of losers among all entries, by count; null without entries. */
  readonly base_losers: number | null;
  /** Share of the stake taken away (denied or cut) that would have lost; null when none was. */
  readonly cut_stake_losers: number | null;
  /** Share of all stake that lost; null without stake. */
  readonly base_stake_losers: number | null;
}

/** @param items every entry order: its stake, its profit as the backtest ran it, and the share of the stake let through */
export function precision(
  items: readonly { readonly stake: number; readonly profit: number; readonly share: number }[],
): Precision {
  const denied = items.filter((item) => item.share === 0);
  return {
    denied_losers: ratio(denied.filter(lost).length, denied.length),
    base_losers: ratio(items.filter(lost).length, items.length),
    cut_stake_losers: ratio(sum(items.filter(lost), taken), sum(items, taken)),
    base_stake_losers: ratio(sum(items.filter(lost), staked), sum(items, staked)),
  };
}

type Item = { readonly stake: number; readonly profit: number; readonly share: number };

function lost(item: Item): boolean {
  return item.profit < 0;
}

function taken(item: Item): number {
  return item.stake * (1 - item.share);
}

function staked(item: Item): number {
  return item.stake;
}

function sum(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
