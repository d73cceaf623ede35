/** Every alarm there is: the web page shows them, the webhook sends them, docs/alarms.md lists them, and the rules for Prometheus are held to them by a test. */

export interface AlarmInfo {
  readonly meaning: string;
  /** The rule in deploy/prometheus/alerts.yml that rings for the same cause; null: none does. */
  readonly prometheus: string | null;
}

const list = <const T extends Readonly<Record<string, AlarmInfo>>>(alarms: T): T => alarms;

export const ALARMS = list({
  journal: {
    meaning: "The journal cannot be written: entries are denied.",
    prometheus: "TalebridgeJournalFailing",
  },
  disk: {
    meaning: "The disk is behind the journal by more than the promised second.",
    prometheus: "TalebridgeDiskBehind",
  },
  denied: {
    meaning:
      "Every entry of a bot is denied, and for which reason: a breaker or a loss limit holds, or someone halted. It ends when that is released.",
    prometheus: "TalebridgeAllEntriesDenied",
  },
  overridden: { meaning: "Someone has overridden a limit of a bot, by hand and for a time.", prometheus: null },
  starving: {
    meaning: "Far more of a bot's last candidates were denied than its profile's rules deny of ordinary ones.",
    prometheus: "TalebridgeStarving",
  },
  stale: { meaning: "A bot asks about old candles.", prometheus: "TalebridgeStale" },
  silent: { meaning: "No candles come, though bots are connected.", prometheus: "TalebridgeBotSilent" },
  slow: { meaning: "Questions wait before they are read.", prometheus: "TalebridgeSlowGate" },
  webhook: {
    meaning: "The webhook does not take what it is sent. On the page only.",
    prometheus: "TalebridgeWebhookFailing",
  },
});

export type AlarmKind = keyof typeof ALARMS;

/** What the daemon cannot say about itself, or what only a history of counts shows. */
export const PROMETHEUS_ONLY: Readonly<Record<string, string>> = {
  TalebridgeDown: "A daemon that is gone tells nobody.",
  TalebridgeLate: "Questions arrive after their deadline.",
  TalebridgeInternalErrors: "An exception inside the daemon.",
  TalebridgeStrangers: "Someone without a listed key tries tcp.",
  TalebridgeMemory: "Far more memory than a loaded daemon needs.",
};
