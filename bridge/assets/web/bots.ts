/** One card per bot: its switch, how its account stands, and what the gate did to it within a day. */
import type { BotView, WebState } from "../../src/web/state.js";
import { el, KeyedList, type Row, section, setClass, setHidden, setText } from "./dom.js";
import { count, minute, money, multiple, percent, span } from "./format.js";
import { meter } from "./meter.js";
import type { Wanted } from "./order_dialog.js";

const TONES: Readonly<Record<string, string>> = { ACTIVE: "pill good", REDUCING: "pill warn", HALTED: "pill bad" };

export class Bots {
  readonly node: HTMLElement;
  private readonly none = el("p", { class: "empty" }, "No live or dry-run bot has connected yet.");
  private readonly list: KeyedList<BotView>;
  private readonly all: HTMLElement;
  private now_ms = 0;

  /** @param order asks for a reason and sends it */
  constructor(order: (wanted: Wanted) => void) {
    const cards = el("div", { class: "cards" });
    this.list = new KeyedList<BotView>(
      cards,
      ({ session }) => session,
      () => this.card(order),
    );
    this.all = el(
      "div",
      { class: "actions" },
      button("Halt all", "danger", () => order({ session: "", status: "HALTED" })),
      button("Resume all", "", () => order({ session: "", status: "ACTIVE" })),
    );
    this.node = section("Bots", this.none, cards);
    this.node.firstElementChild?.after(this.all);
    this.node.classList.add("plain", "bots");
  }

  show({ bots, daemon }: WebState): void {
    this.now_ms = daemon.now_ms;
    setHidden(this.none, bots.length > 0);
    setHidden(this.all, bots.length < 2);
    this.list.show(bots);
  }

  private card(order: (wanted: Wanted) => void): Row<BotView> {
    const name = el("h3");
    const tags = el("p", { class: "tags" });
    const state = el("span", { class: "pill" });
    const why = el("p", { class: "why" });
    const overridden = el("p", { class: "why" });
    const equity = el("span", { class: "equity num" });
    const account = el("p", { class: "soft" });
    const drawdown = meter("Drawdown");
    const today = meter("Lost today");
    const exposure = meter("Exposure");
    const affected = meter("By candle rules", true);
    const day = el("p", { class: "soft" });
    let shown: BotView | null = null;
    const act = (status: Wanted["status"]) => () => order({ session: shown?.session ?? "", status });
    const halt = button("Halt", "danger", act("HALTED"));
    const reduce = button("Reduce", "", act("REDUCING"));
    const resume = button("Resume", "primary", act("ACTIVE"));
    const node = el(
      "article",
      { class: "card bot" },
      el("div", { class: "head" }, el("div", {}, name, tags), state),
      why,
      overridden,
      el("div", { class: "account" }, el("span", { class: "label" }, "Equity"), equity, account),
      drawdown.node,
      today.node,
      exposure.node,
      el("h4", {}, "Last 24 h"),
      affected.node,
      day,
      el("div", { class: "actions" }, halt, reduce, resume),
    );
    return {
      node,
      update: (bot) => {
        shown = bot;
        const { standing } = bot;
        setText(name, bot.session);
        setText(tags, tagsOf(bot));
        setText(state, standing.status);
        setClass(state, TONES[standing.status] ?? "pill");
        setText(why, whyOf(bot));
        setHidden(why, standing.denied.length === 0);
        setText(overridden, overriddenOf(bot));
        setHidden(overridden, standing.overrides.length === 0);
        setText(equity, money(standing.equity));
        setText(account, `${accountOf(bot)}, heard ${span(this.now_ms - bot.heard_ms)} ago`);
        drawdown.set(standing.drawdown.value, standing.drawdown.limit);
        today.set(standing.daily_loss.value, standing.daily_loss.limit);
        const { value, limit } = standing.exposure;
        exposure.set(value, limit, `${multiple(value)} of ${limit === null ? "any" : multiple(limit)}`);
        showDay(bot, affected, day);
        setHidden(halt, standing.status === "HALTED");
        setHidden(reduce, standing.status === "REDUCING");
        setHidden(resume, standing.status === "ACTIVE");
      },
    };
  }
}

function tagsOf({ run_mode, mode, profile, timeframe_s }: BotView): string {
  const of = run_mode.replace("_", "-");
  if (mode === null) return `${of} · not heard of since the daemon started`;
  const timeframe = timeframe_s === null ? "" : ` · ${span(timeframe_s * 1000)}`;
  return `${of} · ${mode === "shadow" ? "shadow: recorded only" : mode} · ${profile}${timeframe}`;
}

function accountOf({ positions, standing }: BotView): string {
  const mark = standing.high_water_mark === null ? "" : `high ${money(standing.high_water_mark)}, `;
  const bets = standing.effective_bets;
  const amount = bets === null ? "" : `, ${multiple(bets.participation)} effective bets`;
  return `${mark}${count(positions)} position${positions === 1 ? "" : "s"}${amount}`;
}

function whyOf({ standing, mode }: BotView): string {
  const what = mode === "shadow" || mode === "off" ? "Recorded as denied, let through" : "All entries denied";
  return standing.denied
    .map(({ reason, until_ms }) => {
      const manual = reason === "halted" || reason === "reducing";
      const who = manual ? ` by ${standing.by}: ${standing.why}` : "";
      const until =
        until_ms === null ? (manual ? ", until resumed" : "") : `, until ${minute(until_ms)} UTC at the latest`;
      return `${what}: ${reason}${who}${until}.`;
    })
    .join(" ");
}

function overriddenOf({ standing }: BotView): string {
  const level = (of: number | null) => (of === null ? "off" : String(Number(of.toPrecision(6))));
  return standing.overrides
    .map(({ limit, value, instead_of, known, until_ms, by, why }) => {
      const settled = known ? ` instead of ${level(instead_of)}` : "";
      return `Overridden: ${limit} is ${level(value)}${settled}, until ${minute(until_ms)} UTC, by ${by}: ${why}.`;
    })
    .join(" ");
}

function showDay({ day, nominal_share: nominal }: BotView, affected: ReturnType<typeof meter>, text: Element): void {
  const share = day.asked === 0 ? null : day.by_candle / day.asked;
  const usual = nominal === null ? "rules of your own" : `nominal ${percent(nominal)}`;
  affected.set(share, nominal === null ? null : 2 * nominal, `${percent(share)}, ${usual}`);
  const reasons = day.reasons.slice(0, 3).map(({ reason, count: times }) => `${reason} ${count(times)}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  setText(text, `${count(day.asked)} candidates: ${count(day.reduced)} cut, ${count(day.denied)} denied${why}`);
}

function button(text: string, tone: string, act: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: tone }, text);
  made.addEventListener("click", act);
  return made;
}
