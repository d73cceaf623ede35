/** The statistical parts of a replay's result (result.ts), as schemas. Money in stake currency, times in ms since 1970, shares as ratios. */
import { type Static, Type } from "../../typebox.js";
import { FIGURES } from "../statistics/effect_intervals.js";
import { MEASURES } from "../statistics/placebo_measures.js";

export const Maybe = Type.Union([Type.Number(), Type.Null()]);

/** What made a result. */
export const SoftwareSchema = Type.Object({
  talebridge: Type.String(),
  engine: Type.String(),
  engine_simd: Type.String(),
  node: Type.String(),
});

const Drawn = Type.Object({
  observations: Type.Integer(),
  block: Type.Union([Type.Number(), Type.Null()], {
    description:
      "Mean block length (Politis & White 2004, Patton, Politis & White 2009); null: too few observations, no intervals.",
  }),
});

export const EffectFigureSchema = Type.Object(
  {
    figure: Type.Enum(FIGURES.map(({ figure }) => figure)),
    basis: Type.Enum(["trades", "days"]),
    better: Type.Enum(["higher", "lower"], { description: "Which way the figure improves." }),
    without: Maybe,
    with: Maybe,
    change: Maybe,
    low: Maybe,
    high: Maybe,
  },
  {
    description:
      "One figure of the account without and with the gate; low and high are the interval of its change. Null where it does not exist (a profit factor without losses) or the sample is too small. " +
      "profit_factor, sharpe, sortino, calmar: freqtrade's, on trades; *_daily: on the account's value at the end of each UTC day; cvar95: mean loss of the worst 5 %; drawdowns and ulcer index as ratios.",
  },
);
export type EffectFigure = Static<typeof EffectFigureSchema>;

export const BootstrapSchema = Type.Object(
  { confidence: Type.Number(), resamples: Type.Integer(), trades: Drawn, days: Drawn },
  {
    description: "How the intervals of `figures` were drawn: stationary bootstrap (Politis & Romano 1994), fixed seed.",
  },
);

const Band = Type.Object({ p05: Type.Number(), p50: Type.Number(), p95: Type.Number() });
const Interval = Type.Object({ low: Type.Number(), high: Type.Number() });

export const PlaceboSchema = Type.Union([
  Type.Object({
    status: Type.Literal("compared"),
    blocks: Type.Integer({ description: "Candles with candidates." }),
    shifts: Type.Integer({ description: "Placebos: distinct rotations of the sizes by whole blocks." }),
    percentile: Type.Number({
      description: "By change of profit: share of placebos that did worse, ties half; 0.5 is chance.",
    }),
    quantiles: Band,
    mean_size: Type.Number({ description: "Average size let through, by stake × leverage." }),
    measures: Type.Array(
      Type.Object({
        measure: Type.Enum([...MEASURES]),
        value: Type.Number(),
        percentile: Type.Number(),
        quantiles: Band,
      }),
      {
        description:
          "The gate among its placebos by several measures, of which more is better, in stake currency. excess: change of profit beyond that of cutting every entry to mean_size. return_excess: the same had every entry staked the average.",
      },
    ),
    intervals: Type.Object(
      { block: Type.Number(), profit_change: Interval, excess: Interval },
      { description: "95 % intervals by the stationary bootstrap over blocks of candidates." },
    ),
  }),
  Type.Object({ status: Type.Literal("sample_too_small"), blocks: Type.Integer(), needed: Type.Integer() }),
  Type.Object({ status: Type.Literal("nothing_cut") }),
]);

export const SelectionSchema = Type.Union(
  [
    Type.Object({
      gates_tried: Type.Integer({ description: "As told by --tried, or compared in this run; at least 1." }),
      observations: Type.Integer({ description: "Days." }),
      sharpe_per_day: Type.Number(),
      skewness: Type.Number(),
      kurtosis: Type.Number(),
      probabilistic: Type.Number({
        description: "Probability that the true ratio is above 0, had this been the only gate tried.",
      }),
      expected_best: Type.Number({ description: "Ratio per day that the best of so many worthless gates would show." }),
      deflated: Type.Number({
        description: "Probability that the true ratio is above 0, given that this is the best of those tried.",
      }),
    }),
    Type.Null(),
  ],
  {
    description:
      "Deflated Sharpe ratio (Bailey & López de Prado 2014) of what the gate adds per day (return with the gate less return without). Null when it adds nothing that varies.",
  },
);

export const GroupSchema = Type.Object({
  key: Type.String(),
  entries: Type.Integer(),
  affected: Type.Integer({ description: "Denied, cut or fallen away." }),
  stake_share: Maybe,
  losers: Type.Integer({ description: "Entries that lost, as the backtest ran them." }),
  profit_without: Type.Number(),
  profit_with: Type.Number(),
  loss_avoided: Type.Number(),
  profit_foregone: Type.Number(),
});
export type Group = Static<typeof GroupSchema>;

export const GroupsSchema = Type.Object({
  by_pair: Type.Array(GroupSchema),
  by_reason: Type.Array(GroupSchema, {
    description: "By binding reason; `trade_denied`: scale-ins that fell away with their trade.",
  }),
  by_month: Type.Array(GroupSchema, { description: "Month of the entry, UTC." }),
  by_side: Type.Array(GroupSchema),
  by_enter_tag: Type.Array(GroupSchema),
});

export const CrisisSchema = Type.Object({
  name: Type.String(),
  kind: Type.Enum(["worst_day", "named"]),
  from_ms: Type.Number(),
  to_ms: Type.Number({ description: "Exclusive." }),
  market_change: Type.Number({ description: "Mean change of the traded pairs within the window, as a ratio." }),
  entries: Type.Integer({ description: "Asked within the window." }),
  affected: Type.Integer(),
  account_change_without: Type.Number(),
  account_change_with: Type.Number(),
});
export type Crisis = Static<typeof CrisisSchema>;

export const DepthSchema = Type.Union(
  [
    Type.Object({
      trades: Type.Integer(),
      rank_correlation: Type.Union([Type.Number(), Type.Null()], {
        description: "Spearman's, of the forecast ES 99 at entry with the trade's worst excursion.",
      }),
      deciles: Type.Array(
        Type.Object({
          decile: Type.Integer(),
          es99_from: Type.Number(),
          es99_to: Type.Number(),
          trades: Type.Integer(),
          excursion_median: Type.Number(),
          excursion_mean: Type.Number(),
          stops: Type.Integer({ description: "Trades closed by a stop-loss or liquidation." }),
        }),
        { description: "Trades by forecast ES 99 of their signal candle, lowest first." },
      ),
      adverse: Type.Union([
        Type.Object({
          horizon_candles: Type.Integer(),
          quantile: Type.Number(),
          forecasts: Type.Integer(),
          exceeded: Type.Integer(),
          expected: Type.Number(),
          kupiec_p: Type.Number({ description: "As if entries were independent, which those of one crash are not." }),
        }),
        Type.Null(),
      ]),
    }),
    Type.Null(),
  ],
  {
    description: "How deep trades went against what was forecast at their entry; null under 50 trades with a forecast.",
  },
);

export const CoverageSchema = Type.Object({
  pair: Type.String(),
  side: Type.Enum(["long", "short"]),
  level: Type.Enum([95, 99]),
  forecasts: Type.Integer(),
  expected: Type.Number(),
  exceedances: Type.Integer(),
  kupiec_p: Type.Number(),
  independence_p: Type.Number(),
  christoffersen_p: Type.Number(),
  z2: Type.Number(),
});

export const SlotsSchema = Type.Object(
  {
    max_open_trades: Maybe,
    full_share_without: Maybe,
    full_share_with: Maybe,
    rejected_signals: Maybe,
  },
  {
    description:
      "Share of time with every slot taken, and freqtrade's count of signals it rejected for want of a slot: the more of them, the further a gated backtest may be from the replay.",
  },
);
