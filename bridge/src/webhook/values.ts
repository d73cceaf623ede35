/** What a webhook's texts may hold in braces, all of it text: a closed list, documented in docs/alarms.md. */

export const VALUES = {
  status: "The whole message as one line, as freqtrade has it: whose alarm, what, and what ends it.",
  type: "Which of freqtrade's types: `startup`, `warning` (an alarm began) or `status` (an alarm ended, the bridge stopped).",
  event: "`start`, `stop`, `begin` or `end`.",
  alarm: "The alarm, from the list above; empty for start and stop.",
  level: "`critical` or `warning`; empty for start and stop.",
  session: "The bot's session; empty for the daemon's own alarms, and for start and stop.",
  about: "The reason of a denial, or the limit that is overridden; empty for other alarms.",
  text: "What is the matter, without whose it is.",
  advice: "What to do, or what ends it.",
  until: "When it ends at the latest if nobody acts (ISO 8601, UTC); empty where that is not known.",
  at: "When it was seen (ISO 8601, UTC).",
  version: "The bridge's version.",
} as const;

export type ValueName = keyof typeof VALUES;
export type Values = Readonly<Record<ValueName, string>>;

export function isValueName(name: string): name is ValueName {
  return Object.hasOwn(VALUES, name);
}
