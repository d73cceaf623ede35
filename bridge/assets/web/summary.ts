/** The figures of all bots together. */
import type { WebState } from "../../src/web/state.js";
import { el, setText } from "./dom.js";
import { bound, count, percent, span } from "./format.js";

interface Tile {
  readonly value: HTMLElement;
  readonly note: HTMLElement;
}

export class Summary {
  readonly node = el("dl", { class: "tiles" });
  private readonly bots = this.tile("Bots");
  private readonly asked = this.tile("Candidates, 24 h");
  private readonly affected = this.tile("By candle rules, 24 h");
  private readonly denied = this.tile("Denied in all, 24 h");
  private readonly gate = this.tile("Decision, 99 of 100");
  private readonly frames = this.tile("Newest candles");

  show({ bots, daemon, latency }: WebState): void {
    const sum = (of: (bot: (typeof bots)[number]) => number): number => bots.reduce((all, bot) => all + of(bot), 0);
    const active = bots.filter(({ standing, mode }) => standing.denied.length === 0 || mode !== "enforce").length;
    const asked = sum(({ day }) => day.asked);
    const share = (part: number): string => (asked === 0 ? "–" : percent(part / asked));
    set(this.bots, count(bots.length), `${active} may enter`);
    set(this.asked, count(asked), `${count(sum(({ day }) => day.asked - day.reduced - day.denied))} allowed in full`);
    set(this.affected, share(sum(({ day }) => day.by_candle)), nominalText(bots));
    set(this.denied, share(sum(({ day }) => day.denied)), `${count(sum(({ day }) => day.denied))} candidates`);
    set(this.gate, bound(latency.gate.p99), `${count(latency.gate.count)} messages`);
    const age = daemon.frame_ms === null ? "none yet" : `${span(daemon.now_ms - daemon.frame_ms)} ago`;
    set(this.frames, age, `${count(daemon.pairs)} pairs asked about`);
  }

  private tile(label: string): Tile {
    const value = el("dd");
    const note = el("dd", { class: "note" });
    this.node.append(el("div", {}, el("dt", {}, label), value, note));
    return { value, note };
  }
}

function nominalText(bots: WebState["bots"]): string {
  const shares = bots.map(({ nominal_share }) => nominal_share).filter((share) => share !== null);
  if (shares.length === 0) return "no nominal share";
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  return `nominal ${least === most ? "" : `${(least * 100).toFixed(1)}–`}${percent(most)}`;
}

function set({ value, note }: Tile, text: string, about: string): void {
  setText(value, text);
  setText(note, about);
}
