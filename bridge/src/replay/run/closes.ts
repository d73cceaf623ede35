/** Closes of the pairs an entry is judged with, as the shim tells them: those held and the entry's own, on the grid, none later than its signal candle. */
import { type CloseGrid, closeGrid, lastOnGrid } from "../../portfolio/close_grid.js";
import type { CloseBook, CloseNews, CloseRow } from "../../portfolio/closes.js";
import { LIMITS } from "../../protocol/codes.js";

export class ToldCloses {
  private readonly grid: CloseGrid;

  /** @param closeAt close of the last candle of a pair that had closed at a time; NaN when there is none */
  constructor(
    private readonly timeframe_ms: number,
    memory_rows: number,
    private readonly closeAt: (pair: string, t_ms: number) => number,
  ) {
    this.grid = closeGrid(timeframe_ms, memory_rows);
  }

  /**
   * What is news to the gate; null when nothing is.
   * @param known the session's closes so far
   * @param held pairs with a position
   */
  for(pair: string, held: Iterable<string>, candle_open_ms: number, known: CloseBook | null): CloseNews | null {
    const until_ms = lastOnGrid(this.grid, this.timeframe_ms, candle_open_ms);
    const others = [...new Set(held)].filter((other) => other !== pair).sort();
    const wanted = [pair, ...others.slice(0, LIMITS.close_pairs_kept - 1)];
    const before = (name: string): number | null => known?.series.get(name)?.until_ms ?? null;
    const first_told = wanted.filter((name) => before(name) === null).length;
    // As the shim does: for new ones others that are wanted may be forgotten, so all are told again.
    const anew = first_told + (known?.series.size ?? 0) > LIMITS.close_pairs_kept;
    const rows = wanted.flatMap((name) => this.row(name, until_ms, anew ? null : before(name)));
    return rows.length === 0 ? null : { step_s: this.grid.step_ms / 1000, keep: this.grid.count, rows };
  }

  private row(pair: string, until_ms: number, told_ms: number | null): CloseRow[] {
    const { step_ms, count: most } = this.grid;
    const count = told_ms === null ? most : Math.min(most, (until_ms - told_ms) / step_ms);
    const closes = Array.from({ length: count }, (_, at) => {
      const close = this.closeAt(pair, until_ms - (count - 1 - at) * step_ms);
      return close > 0 ? close : null;
    });
    const last = closes.findLastIndex((close) => close !== null);
    if (last < 0) return [];
    const first = told_ms === null ? closes.findIndex((close) => close !== null) : 0;
    return [[pair, until_ms - (closes.length - 1 - last) * step_ms, closes.slice(first, last + 1)]];
  }
}
