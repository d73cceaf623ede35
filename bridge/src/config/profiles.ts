/** The profiles: sets of defaults for candle rules and account limits. */

export const PROFILE_NAMES = ["conservative", "aggressive", "extreme"] as const;
export type Profile = (typeof PROFILE_NAMES)[number];

/** Account limits by profile: policy, not measured; null switches a limit off. */
export const PROFILE_LIMITS = {
  conservative: { max_drawdown: 0.1, max_daily_loss: 0.05, max_gross_exposure: 2, max_pair_exposure: null },
  aggressive: { max_drawdown: 0.2, max_daily_loss: 0.1, max_gross_exposure: 5, max_pair_exposure: null },
  extreme: { max_drawdown: 0.3, max_daily_loss: 0.2, max_gross_exposure: null, max_pair_exposure: null },
} as const satisfies Record<Profile, Record<string, number | null>>;

/** Share of ordinary candidates that a profile's candle rules cut or deny, as measured (docs/method.md): more denials than that are starvation. */
export const NOMINAL_SHARE = { conservative: 0.21, aggressive: 0.125, extreme: 0.125 } as const satisfies Record<
  Profile,
  number
>;

/** Share of all candles that they cut or deny: the mean over pairs at 5 minutes and at 1 hour (docs/shares.md). */
export const NOMINAL_CANDLE_SHARE = {
  conservative: 0.039,
  aggressive: 0.016,
  extreme: 0.016,
} as const satisfies Record<Profile, number>;
