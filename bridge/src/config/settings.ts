/**
 * The `risk_bridge` settings: one schema is the type, the check, the JSON Schema, the shim's table and docs/config.md.
 *
 * Every key carries its meaning as `description`, its default as `default`, and in `x-part` which side reads it: `gate` keys are sent to the
 * bridge in hello, `shim` keys stay in the Python process. A key whose default depends on the profile has `x-default-by-profile` instead.
 */
import { LIMITS } from "../protocol/codes.js";
import { type Static, Type } from "../typebox.js";
import { GROUP_NAME } from "./daemon_schema.js";
import { LimitsSchema } from "./limits_schema.js";
import { meta } from "./meta.js";
import { PROFILE_NAMES } from "./profiles.js";

export const MAX_RULES = 16;
/** Defaults that do not depend on the profile. */
export const DEFAULTS = {
  profile: "aggressive",
  mode: "enforce",
  window_set: "standard",
  loss_threshold: 0.03,
  adverse_horizon_candles: 48,
  adverse_quantile: 0.95,
  portfolio_limits: "auto",
  market_pair: null,
} as const;

const RuleSchema = Type.Object(
  {
    measure: Type.String({
      minLength: 1,
      maxLength: 64,
      description: "The measure the rule reads: a column of docs/columns.md without its `risk_` prefix, or `jump`.",
    }),
    from: Type.Number({ description: "Up to this value the size is 1." }),
    to: Type.Number({ description: "From this value on the size is `min_size`; linear in between." }),
    min_size: Type.Number({ minimum: 0, maximum: 1, description: "The smallest size the rule gives. 0 denies." }),
    deny_above: Type.Optional(
      Type.Union([Type.Number(), Type.Null()], {
        description: "Deny when the measure is above this value; null: never.",
        default: null,
      }),
    ),
  },
  { additionalProperties: false },
);

/** BASE/QUOTE, for futures with :SETTLE. */
const PAIR = "^[^\\s/:]+/[^\\s/:]+(:[^\\s/:]+)?$";
const TCP_ADDRESS = "^tcp://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$";

const ConnectSchema = Type.Object(
  {
    gate: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: TCP_ADDRESS,
      "x-values": "an address such as tcp://192.0.2.7:4710, of 1 to 255 characters",
      ...meta("shim", "Address of the bridge's gate socket.", undefined),
    }),
    batch: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: TCP_ADDRESS,
      "x-values": "an address such as tcp://192.0.2.7:4711, of 1 to 255 characters",
      ...meta("shim", "Address of the bridge's batch socket.", undefined),
    }),
    key_file: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...meta(
          "shim",
          "File with the keys that `talebridge keys client NAME` made where the bridge runs, mode 0600. Null: in the clear, to an insecure bridge on this machine only.",
          null,
        ),
      }),
    ),
  },
  { additionalProperties: false },
);

export const SettingsSchema = Type.Object(
  {
    profile: Type.Optional(
      Type.Enum(PROFILE_NAMES, {
        ...meta("gate", "Set of defaults for the candle rules and the account limits.", DEFAULTS.profile),
      }),
    ),
    mode: Type.Optional(
      Type.Enum(["enforce", "shadow", "off"], {
        ...meta(
          "gate",
          "`enforce` cuts and denies; `shadow` decides and records but lets every entry pass; `off` does not ask the bridge at all.",
          DEFAULTS.mode,
        ),
      }),
    ),
    window_set: Type.Optional(
      Type.Enum(["standard", "compact"], {
        ...meta(
          "gate",
          "Length of the engine's windows: `compact` needs fewer start-up candles, for exchanges that deliver fewer than 1000.",
          DEFAULTS.window_set,
        ),
      }),
    ),
    rules: Type.Optional(
      Type.Union([Type.Array(RuleSchema, { maxItems: MAX_RULES }), Type.Null()], {
        ...meta(
          "gate",
          "Candle rules instead of the profile's: a list of {measure, from, to, min_size, deny_above}. Null: the profile's. An empty list: none.",
          null,
        ),
      }),
    ),
    loss_threshold: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        ...meta("gate", "The loss c of the measure P(loss > c) over one candle, as a ratio.", DEFAULTS.loss_threshold),
      }),
    ),
    adverse_horizon_candles: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 288,
        ...meta(
          "gate",
          "The adverse excursion looks this many candles ahead: about as long as your trades are held.",
          DEFAULTS.adverse_horizon_candles,
        ),
      }),
    ),
    adverse_quantile: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 0.99,
        ...meta(
          "gate",
          "Which quantile of the worst move against an entry the adverse excursion is: 0.95 is exceeded by one entry in twenty.",
          DEFAULTS.adverse_quantile,
        ),
      }),
    ),
    portfolio_limits: Type.Optional(
      Type.Enum(["auto", "on", "off"], {
        ...meta(
          "gate",
          "Whether drawdown, daily loss and exposure are checked. `auto`: everywhere but in lookahead- and recursive-analysis, which run one pair with a made-up wallet.",
          DEFAULTS.portfolio_limits,
        ),
      }),
    ),
    market_pair: Type.Optional(
      Type.Union(
        [
          Type.String({
            minLength: 1,
            maxLength: 31,
            pattern: PAIR,
            "x-values": 'a pair such as "BTC/USDT", for futures "BTC/USDT:USDT", of 1 to 31 characters',
          }),
          Type.Null(),
        ],
        {
          ...meta(
            "gate",
            "The pair that stands for the market in the measures that compare a pair with it. Its candles are loaded with the others'; where it has none, those measures are NaN. Null: none.",
            DEFAULTS.market_pair,
          ),
        },
      ),
    ),
    group: Type.Optional(
      Type.Union(
        [
          Type.String({
            minLength: 1,
            maxLength: 31,
            pattern: GROUP_NAME,
            "x-values": "a name of 1 to 31 letters, digits, - or _",
          }),
          Type.Null(),
        ],
        {
          ...meta(
            "gate",
            "Live and dry-run: the named group of the bridge's configuration (`groups`) whose common limits apply to this bot as well. Null: none. A backtest is alone.",
            null,
          ),
        },
      ),
    ),
    limits: Type.Optional(LimitsSchema),
    parameters: Type.Optional(
      Type.Union(
        [
          Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Type.String({ minLength: 1, maxLength: 96 }), {
            "x-values": "a map of settings to names of the strategy's parameters",
          }),
          Type.Null(),
        ],
        {
          ...meta(
            "shim",
            'Settings that follow parameters of the strategy, for hyperopt to turn: `{"limits.max_drawdown": "risk_max_drawdown"}`. Any number among these settings, or `rules.0.from` and the like. Null: none.',
            null,
          ),
        },
      ),
    ),
    columns: Type.Optional(
      Type.Union(
        [
          Type.Enum(["all", "verdict"]),
          Type.Array(
            Type.String({
              minLength: 1,
              maxLength: 64,
              pattern: "^risk_[a-z0-9_]+$",
              "x-values": "a column's name, such as risk_jump",
            }),
            { minItems: 1, maxItems: LIMITS.wanted, "x-values": `a list of 1 to ${LIMITS.wanted} columns' names` },
          ),
        ],
        {
          "x-values": 'one of "all", "verdict", or a list of names of docs/columns.md',
          ...meta(
            "shim",
            "Which `risk_` columns your frames get: `verdict`, the three the gate reads, is the fastest in backtests; a list adds those you name. Entries are decided the same whichever they are: a limit that reads further columns adds them.",
            "all",
          ),
        },
      ),
    ),
    lock_pairs: Type.Optional(
      Type.Boolean({
        ...meta(
          "shim",
          "Live and dry-run: mirror what denies every entry as freqtrade's own lock of all pairs, so that `/locks` and FreqUI show it. Entries are then not asked about, nor journalled, while it stands.",
          false,
        ),
      }),
    ),
    on_unavailable: Type.Optional(
      Type.Enum(["deny", "allow", "last_known"], {
        ...meta(
          "shim",
          "Live and dry-run only: what to do with an entry while the bridge does not answer. A backtest always stops.",
          "deny",
        ),
      }),
    ),
    last_known_max_age_candles: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        ...meta("shim", "With `on_unavailable: last_known`, how old the last verdict of the pair may be.", 3),
      }),
    ),
    autostart: Type.Optional(
      Type.Enum(["auto", "on", "off"], {
        ...meta(
          "shim",
          "Start a private bridge, unless one answers in a `dir` that is set. `auto`: in backtest, hyperopt and analysis; `on`: in plots too. Never live: a private bridge refuses bots, whose history it does not know.",
          "auto",
        ),
      }),
    ),
    dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 90 }), Type.Null()], {
        ...meta(
          "shim",
          "Directory of the bridge's sockets. Null: $TALEBRIDGE_DIR, else $XDG_RUNTIME_DIR/talebridge, else /tmp/talebridge-<uid>; where autostart applies, a private bridge instead.",
          null,
        ),
      }),
    ),
    connect: Type.Optional(
      Type.Union([ConnectSchema, Type.Null()], {
        ...meta("shim", "A bridge reached over tcp instead of one on this machine; overrules `dir`. Null: none.", null),
      }),
    ),
    journal_dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...meta("shim", "Where a private bridge writes its journal. Null: <user_data_dir>/talebridge/journal.", null),
      }),
    ),
    command: Type.Optional(
      Type.Union(
        [Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: 64 }), Type.Null()],
        {
          ...meta(
            "shim",
            "How to start the bridge, as a list of words. Null: $TALEBRIDGE_COMMAND, else `talebridge`.",
            null,
          ),
        },
      ),
    ),
    session: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 96 }), Type.Null()], {
        ...meta(
          "shim",
          "Live: name under which the bridge keeps this bot's equity history, apart for live and dry-run. Null: made from the bot's name and exchange.",
          null,
        ),
      }),
    ),
    timeout_ms: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 10000,
        ...meta("shim", "Live: deadline of one gate question. Backtests wait batch_timeout_s.", 50),
      }),
    ),
    hello_timeout_ms: Type.Optional(
      Type.Number({ minimum: 10, maximum: 60000, ...meta("shim", "Deadline of the first contact.", 1000) }),
    ),
    batch_timeout_s: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 600,
        ...meta("shim", "Deadline of one annotated frame. Live no longer than hello_timeout_ms.", 10),
      }),
    ),
    breaker_s: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 600,
        ...meta(
          "shim",
          "Live: an absent bridge, or one that missed three deadlines in a row, is not asked for this long, so that many pairs cost few deadlines.",
          2,
        ),
      }),
    ),
    fingerprint: Type.Optional(
      Type.String({
        maxLength: 128,
        description:
          "Written by the shim, not by you: makes freqtrade's backtest cache notice a changed engine and ends up in the result file.",
        "x-part": "shim",
        "x-written": true,
      }),
    ),
  },
  {
    additionalProperties: false,
    title: "risk_bridge",
    description: "The `risk_bridge` block of freqtrade's config.json.",
  },
);

/** What a user may write; every key is optional. */
export type GivenSettings = Static<typeof SettingsSchema>;

/** The part of a block that is sent to the bridge: what the shim reads itself is left out. */
export function gatePart(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(SettingsSchema.properties)
    .filter(([, schema]) => Reflect.get(schema, "x-part") !== "shim")
    .map(([key]) => key);
  return Object.fromEntries(Object.entries(given).filter(([key]) => own.includes(key)));
}
