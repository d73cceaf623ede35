/** The daemon's sessions and counts as the page shows them. Reads, changes nothing. */
import { alarms } from "../alarms/alarms.js";
import { NOMINAL_SHARE, PROFILE_NAMES, type Profile } from "../config/profiles.js";
import type { ResolvedSettings } from "../config/resolve.js";
import type { Engine, Rule } from "../engine/types.js";
import { isLive } from "../gate/session.js";
import { type Standing, standing } from "../gate/standing.js";
import { type Starvation, starvation } from "../gate/starvation.js";
import type { GroupSummary } from "../gate/types.js";
import { FIXED } from "../limits.js";
import type { Facts } from "../metrics/facts.js";
import type { GroupReport } from "../server/groups.js";
import type { Session } from "../server/sessions.js";
import { type Answers, answers } from "./answers.js";
import { byVerdict } from "./diff.js";
import { pairView } from "./pairs.js";
import type { BotView, DaemonView, DecisionView, PairView, WebState } from "./state.js";
import { latency } from "./timing.js";

export interface Gathered {
  readonly now_ms: number;
  readonly boot: string;
  readonly facts: Omit<Facts, "sessions">;
  /** Most recently used first. */
  readonly sessions: readonly Session[];
  readonly groups: readonly GroupReport[];
  readonly frame_ms: number | null;
  readonly decisions: readonly DecisionView[];
  readonly webhook_failing: string | null;
}

/** What is made of a session's answers, and kept until it is asked again. */
interface Judged extends Answers {
  readonly starved: Starvation | null;
}

/** Makes states, one after the other; answers of sessions nobody asked meanwhile are not counted again. */
export class Viewer {
  private readonly of_profiles: ProfileRules;
  private readonly groupOf: (session: Session) => GroupSummary | null;
  private readonly known = new WeakMap<Session, { readonly at_ms: number; readonly answers: Judged }>();

  /** @param groupOf how the group of a session stands */
  constructor(of_profiles: ProfileRules, groupOf: (session: Session) => GroupSummary | null) {
    this.of_profiles = of_profiles;
    this.groupOf = groupOf;
  }

  view({ now_ms, boot, facts, sessions, groups, frame_ms, decisions, webhook_failing }: Gathered): WebState {
    const live = sessions.filter(({ state }) => isLive(state.run_mode));
    const bots: BotView[] = [];
    const pairs: PairView[] = [];
    let pair_count = 0;
    for (const session of live.slice(0, FIXED.listed_sessions)) {
      const { bot, newest } = this.look(session, now_ms);
      bots.push(bot);
      pair_count += newest.length;
      const room = FIXED.web_pairs - pairs.length;
      const timeframe_s = session.terms?.settings.timeframe_s ?? null;
      for (const answer of room > 0 ? newest.slice(-room) : []) {
        pairs.push(pairView(session.name, answer, timeframe_s, bot.standing, now_ms));
      }
    }
    const daemon: DaemonView = {
      version: facts.build.version,
      engine: facts.build.engine,
      simd: facts.build.simd,
      boot,
      now_ms,
      uptime_s: Math.floor(facts.uptime_s),
      journal_lines: facts.journal.lines,
      journal_failing: facts.journal.failing,
      journal_unsynced_s: facts.journal.unsynced_s,
      webhook_failing,
      rss_bytes: facts.process.rss_bytes,
      frame_ms,
      other_sessions: sessions.length - live.length,
      live_sessions: live.length,
      pairs: pair_count,
    };
    const { gate_seconds, annotate_seconds, fsync_seconds } = facts.counters;
    const timings = latency({
      gate: gate_seconds,
      annotate: annotate_seconds,
      fsync: fsync_seconds,
      loop: facts.loop_delay,
    });
    bots.sort((a, b) => (a.session < b.session ? -1 : 1));
    pairs.sort(byVerdict);
    return { daemon, alarms: alarms(daemon, bots, timings), groups, bots, pairs, decisions, latency: timings };
  }

  /** One session without its pairs. */
  bot(session: Session, now_ms: number): BotView {
    return this.look(session, now_ms).bot;
  }

  private look(session: Session, now_ms: number): { bot: BotView; newest: Judged["newest"] } {
    const given = this.answers(session, now_ms);
    const stands = standing(session.state, session.terms?.policy ?? null, now_ms, this.groupOf(session));
    return { bot: botView(session, given, stands, this.of_profiles), newest: given.newest };
  }

  private answers(session: Session, now_ms: number): Judged {
    const known = this.known.get(session);
    // Anew after a while all the same: a day's counts move with the day.
    if (known !== undefined && session.last_used_ms < known.at_ms && now_ms - known.at_ms < 60_000) {
      return known.answers;
    }
    const { state, terms } = session;
    const starved = terms === null ? null : starvation(state.asked, NOMINAL_SHARE[terms.settings.profile]);
    const counted = { ...answers(state.asked, now_ms), starved };
    this.known.set(session, { at_ms: now_ms, answers: counted });
    return counted;
  }
}

function botView(
  { name, state, terms, last_used_ms }: Session,
  { day, starved }: Judged,
  stands: Standing,
  of_profiles: ProfileRules,
): BotView {
  const { tally, portfolio } = state;
  return {
    session: name,
    run_mode: state.run_mode,
    profile: terms?.settings.profile ?? null,
    mode: terms?.settings.mode ?? null,
    timeframe_s: terms?.settings.timeframe_s ?? null,
    standing: stands,
    positions: portfolio?.positions.length ?? 0,
    portfolio_ms: portfolio?.at_ms ?? null,
    heard_ms: last_used_ms,
    day,
    starved,
    total: { asked: tally.asked, reduced: tally.reduced, denied: tally.denied },
    nominal_share: terms === null ? null : nominalShare(terms.settings, of_profiles),
  };
}

/** The study measured the profiles' own rules: others have no nominal share. */
function nominalShare({ profile, rules }: ResolvedSettings, of_profiles: ProfileRules): number | null {
  return of_profiles.get(profile) === rulesKey(rules) ? NOMINAL_SHARE[profile] : null;
}

/** Each profile's own rules. */
export type ProfileRules = ReadonlyMap<Profile, string>;

export function profileRules(engine: Pick<Engine, "validateParams">): ProfileRules {
  const found = new Map<Profile, string>();
  for (const profile of PROFILE_NAMES) {
    const checked = engine.validateParams({ profile, window_set: "standard", timeframe_s: 300 });
    if (checked.ok) found.set(profile, rulesKey(checked.params.rules));
  }
  return found;
}

function rulesKey(rules: readonly Rule[]): string {
  return rules
    .map(({ measure, from, to, min_size, deny_above }) => [measure, from, to, min_size, deny_above].join())
    .join(";");
}
