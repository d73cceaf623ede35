/** The daemon's `webhook` block: freqtrade's own section of that name may be copied into it as it is. */
import { FIXED } from "../limits.js";
import { type TSchema, Type } from "../typebox.js";
import { option, required } from "./daemon_meta.js";

const FORMATS = ["form", "json", "raw"] as const;
export type WebhookFormat = (typeof FORMATS)[number];

/** Freqtrade's types of messages that the bridge sends. */
export const MESSAGE_TYPES = ["startup", "status", "warning"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export const WEBHOOK_DEFAULTS = { format: "form", retries: 0, retry_delay: 0.1, timeout: 10 } as const;

/** What freqtrade's section may hold besides, and the bridge has no use for: its other messages, under new names and old. */
const THEIRS = [
  "allow_custom_messages",
  "exception",
  "entry",
  "entry_fill",
  "entry_cancel",
  "exit",
  "exit_fill",
  "exit_cancel",
  "protection_trigger",
  "protection_trigger_global",
  "liquidation_warning",
  "strategy_msg",
  "whitelist",
  "analyzed_df",
  "new_candle",
  "webhookentry",
  "webhookentryfill",
  "webhookentrycancel",
  "webhookexit",
  "webhookexitfill",
  "webhookexitcancel",
] as const;

function template(description: string): TSchema {
  return Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], { ...option(description, null) }),
  );
}

export const WEBHOOK_PROPERTIES = {
  url: Type.String({
    minLength: 1,
    maxLength: 2048,
    "x-secret": true,
    ...required("Where messages are posted: https://…, or http://… on this machine. Never shown or logged."),
  }),
  enabled: Type.Optional(Type.Boolean({ ...option("False: as if the block were not there.", true) })),
  format: Type.Optional(
    Type.Enum(FORMATS, {
      ...option(
        "How a message is sent: as a form, as JSON, or the text of its key `data` alone.",
        WEBHOOK_DEFAULTS.format,
      ),
    }),
  ),
  retries: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 10,
      ...option("How often a message that is not taken is sent again at once.", WEBHOOK_DEFAULTS.retries),
    }),
  ),
  retry_delay: Type.Optional(
    Type.Number({ minimum: 0, maximum: 60, ...option("Seconds before each of those.", WEBHOOK_DEFAULTS.retry_delay) }),
  ),
  timeout: Type.Optional(
    Type.Number({
      minimum: 0.1,
      maximum: 60,
      ...option("Seconds within which the receiver has to answer.", WEBHOOK_DEFAULTS.timeout),
    }),
  ),
  insecure: Type.Optional(
    Type.Boolean({ ...option("Send over plain http to another machine: anyone on the way can read it.", false) }),
  ),
  startup: template("Message when the bridge has started. Null: `webhookstatus`, else none is sent."),
  status: template("Message when an alarm has ended, and when the bridge stops. Null: as for `startup`."),
  warning: template("Message when an alarm begins. Null: as for `startup`."),
  webhookstatus: template("Freqtrade's older key: for each of the three that is not given."),
};

export const WEBHOOK_THEIRS = Object.fromEntries(
  THEIRS.map((name) => [
    name,
    Type.Optional(Type.Unknown({ "x-ignored": true, description: "Freqtrade's own; not used." })),
  ]),
);

/** As JSON; larger ones are refused. */
export const MAX_TEMPLATE_CHARS = FIXED.webhook_payload_chars;
