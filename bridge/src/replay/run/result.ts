/** What a replay found: the schema of `--json`, and the only thing the report is made from. Money in stake currency, times in ms since 1970. */
import { type Static, Type } from "../../typebox.js";
import {
  BootstrapSchema,
  CoverageSchema,
  CrisisSchema,
  DepthSchema,
  EffectFigureSchema,
  GroupsSchema,
  Maybe,
  PlaceboSchema,
  SelectionSchema,
  SlotsSchema,
  SoftwareSchema,
} from "./result_statistics.js";

/** Raised when a key changes its meaning or disappears. */
export const RESULT_VERSION = 1;

const Drawdown = Type.Object({
  abs: Type.Number(),
  ratio: Type.Number({ description: "Share of the account's highest value before the fall." }),
});

const Side = Type.Object({
  profit_abs: Type.Number(),
  profit_ratio: Type.Number({ description: "Of the starting balance." }),
  trades: Type.Integer({ description: "Trades taken." }),
  winners: Type.Integer(),
  drawdown_closed: Type.Object(Drawdown.properties, {
    description: "freqtrade's max_drawdown_account: on the balance after each closed trade.",
  }),
  drawdown_marked: Type.Object(Drawdown.properties, {
    description: "On the account's value at every candle, open positions included.",
  }),
  adverse_excursion: Type.Object(
    { plain: Maybe, weighted: Maybe },
    {
      description: "Mean worst move against the entry while open, as a ratio of price; weighted: by stake × leverage.",
    },
  ),
});
export type SideTotals = Static<typeof Side>;

const Cap = Type.Object({ reason: Type.String(), stake: Type.Number(), value: Maybe, limit: Maybe });

export const EntrySchema = Type.Object({
  trade: Type.Integer({ description: "Number of the trade in the export, from 0." }),
  leg: Type.Integer({ description: "0: the order that opened the trade; 1, 2, …: orders that scaled it in." }),
  pair: Type.String(),
  side: Type.Enum(["long", "short"]),
  kind: Type.Enum(["entry", "scale_in"]),
  at_ms: Type.Number(),
  candle_open_ms: Maybe,
  close_ms: Maybe,
  rate: Type.Number(),
  leverage: Type.Number(),
  stake: Type.Number(),
  decision: Type.Enum(["allow", "reduce", "deny", "not_asked"], {
    description: "not_asked: a scale-in of a trade that the gate would not have let open.",
  }),
  stake_allowed: Type.Number(),
  reason: Type.String({ description: "Name of the binding reason; `ok` when nothing binds." }),
  value: Maybe,
  limit: Maybe,
  caps: Type.Array(Cap),
  profit_abs: Type.Union([Type.Number(), Type.Null()], {
    description: "This order's share of its trade's profit, as it was traded; null: not known, in a journal.",
  }),
  profit_with: Type.Union([Type.Number(), Type.Null()], { description: "The same at the size let through." }),
  adverse_excursion: Maybe,
  measures: Type.Object(
    { sigma_rank: Maybe, es99: Maybe, adverse_quantile: Maybe },
    {
      description:
        "What the engine knew of the signal candle: rank of its volatility in the window; forecasts for the entry's side as log-losses. Null while warming up.",
    },
  ),
  enter_tag: Type.String(),
  exit_reason: Type.String(),
});
export type Entry = Static<typeof EntrySchema>;

const SecondOrderSchema = Type.Object(
  {
    compounding: Type.Enum(["unlimited", "fixed", "unknown"], {
      description: "unlimited: later stakes follow the changed balance; fixed, unknown: they stay as recorded.",
    }),
    side: Side,
    profit_change_abs: Type.Number(),
    slots: SlotsSchema,
  },
  {
    description:
      "The recorded trades once more, with later stakes following the balance that the gate has changed. Still without the entries that freed slots would have let in.",
  },
);

export const ExactSchema = Type.Object(
  {
    start_ms: Type.Number({ description: "A gated run may begin later: it needs more candles before its first." }),
    end_ms: Type.Number(),
    trades: Type.Integer(),
    winners: Type.Integer(),
    profit_abs: Type.Number(),
    profit_ratio: Type.Number(),
    drawdown_closed: Drawdown,
    profit_change_abs: Type.Number({ description: "Against the backtest without the gate." }),
    first_order_off_abs: Type.Number({
      description: "Profit of the first-order replay less that of the gated backtest.",
    }),
    second_order_off_abs: Type.Number(),
    trades_in_both: Type.Integer({ description: "Same pair, side and time of opening." }),
    trades_only_gated: Type.Integer({ description: "Entries that freed slots and money let in." }),
    trades_only_ungated: Type.Integer(),
    parts: Type.Object(
      {
        in_both_abs: Type.Number({ description: "Trades of both: other stakes and other answers." }),
        only_ungated_abs: Type.Number({
          description: "Trades the gated run did not have, as the first order counts them.",
        }),
        only_gated_abs: Type.Number({
          description: "Trades that freed slots and money let in, their profit negative.",
        }),
      },
      { description: "first_order_off_abs taken apart; the three add up to it." },
    ),
  },
  { description: "The gated backtest itself, run by --exact." },
);
export type Exact = Static<typeof ExactSchema>;

export const ReplayResultSchema = Type.Object(
  {
    version: Type.Literal(RESULT_VERSION),
    order: Type.Literal("first", {
      description:
        "First order: the recorded trades at the sizes the gate lets through. Slots and money that a denied entry frees are not used again.",
    }),
    software: SoftwareSchema,
    source: Type.Object({
      kind: Type.Enum(["backtest", "journal"], {
        description: "journal: what a session was asked and answered; outcomes as far as the bot's trades tell.",
      }),
      file: Type.String(),
      file_sha256: Type.String(),
      strategy: Type.String(),
      exchange: Type.Union([Type.String(), Type.Null()]),
      trading_mode: Type.Enum(["spot", "futures"]),
      stake_currency: Type.String(),
      starting_balance: Type.Number(),
      max_open_trades: Maybe,
      timeframe: Type.String(),
      timeframe_detail: Type.String(),
      timerange: Type.String(),
      start_ms: Type.Number(),
      end_ms: Type.Number(),
      trades: Type.Integer(),
      trades_without_orders: Type.Integer({ description: "Trades whose scale-ins are not visible in the export." }),
      forced_exits: Type.Integer({
        description: "Trades closed because the backtest ended: their result is an artefact.",
      }),
      candles: Type.Array(
        Type.Object({
          pair: Type.String(),
          rows: Type.Integer(),
          rows_before_start: Type.Integer(),
          from_ms: Type.Number(),
          sha256: Type.String({
            description: "Of the candles read: columns time, open, high, low, close, volume as little-endian float64.",
          }),
        }),
      ),
    }),
    gate: Type.Object({
      settings_from: Type.Array(Type.String(), { description: "Where the settings came from, weakest first." }),
      settings: Type.Unknown({ description: "Every resolved setting." }),
      memory_rows: Type.Integer(),
      market_pair: Type.Union([Type.String(), Type.Null()], {
        description: "Whose closes the market measures were given.",
      }),
      fingerprint: Type.String(),
      engine_fingerprint: Type.String(),
    }),
    notes: Type.Array(Type.String(), { description: "What the reader has to know of how this replay was asked for." }),
    checks: Type.Object(
      {
        profit: Type.Object({ ours: Type.Number(), freqtrade: Maybe }),
        drawdown_closed: Type.Object({ ours: Type.Number(), freqtrade: Maybe }),
        wallet: Type.Union([
          Type.Null(),
          Type.Object({ points: Type.Integer(), max_difference_abs: Type.Number(), compared_with: Type.String() }),
        ]),
      },
      { description: "Our figures for the backtest as it ran against freqtrade's own." },
    ),
    counts: Type.Object({
      entries: Type.Integer({ description: "Entry orders, scale-ins included." }),
      allowed: Type.Integer(),
      reduced: Type.Integer(),
      denied: Type.Integer(),
      not_asked: Type.Integer(),
      outcome_unknown: Type.Integer({ description: "Entries of which no figure of profit knows; 0 for a backtest." }),
      by_reason: Type.Array(Type.Object({ reason: Type.String(), reduced: Type.Integer(), denied: Type.Integer() })),
    }),
    without: Side,
    with: Side,
    effect: Type.Object({
      profit_change_abs: Type.Number({ description: "loss_avoided − profit_foregone." }),
      loss_avoided_abs: Type.Number(),
      profit_foregone_abs: Type.Number(),
      stake_share: Type.Number({ description: "Share of all proposed stake × leverage that was let through." }),
      constant_size_change_abs: Type.Number({
        description:
          "Change of profit if every entry had simply been cut to stake_share: what less exposure alone does.",
      }),
      precision: Type.Object({
        denied_losers: Maybe,
        base_losers: Maybe,
        cut_stake_losers: Maybe,
        base_stake_losers: Maybe,
      }),
      figures: Type.Array(EffectFigureSchema),
      bootstrap: BootstrapSchema,
    }),
    placebo: PlaceboSchema,
    selection: SelectionSchema,
    second_order: SecondOrderSchema,
    exact: Type.Union([ExactSchema, Type.Null()]),
    groups: GroupsSchema,
    crises: Type.Array(CrisisSchema),
    depth: DepthSchema,
    liquidations: Type.Union([Type.Object({ without: Type.Integer(), with: Type.Integer() }), Type.Null()], {
      description: "Trades that ended in a liquidation and were taken; null for spot.",
    }),
    calibration: Type.Array(CoverageSchema, {
      description:
        "VaR and ES forecasts against what came, over the candles of the backtest: Kupiec, Christoffersen, Acerbi & Szekely.",
    }),
    candidates: Type.Object(
      {
        count: Type.Integer({ description: "Entries that open a trade." }),
        affected_share: Maybe,
        denied_share: Maybe,
        longest_without_entry_ms: Type.Number({
          description: "Longest time from one entry let through to the next while entries were denied.",
        }),
      },
      { description: "Does the gate starve the strategy?" },
    ),
    equity: Type.Object(
      { t_ms: Type.Array(Type.Number()), without: Type.Array(Type.Number()), with: Type.Array(Type.Number()) },
      { description: "Account value, open positions included; thinned, extremes kept." },
    ),
    entries: Type.Array(EntrySchema, { description: "Every entry order, in order of time." }),
  },
  { title: "talebridge replay", description: "Outcome of a first-order replay of a freqtrade backtest." },
);
export type ReplayResult = Static<typeof ReplayResultSchema>;
