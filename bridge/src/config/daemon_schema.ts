/** The daemon's configuration file: one schema is type, check, JSON Schema and documentation. */

import { LIMITS } from "../protocol/codes.js";
import { type Static, type TProperties, Type } from "../typebox.js";
import { option, required } from "./daemon_meta.js";
import { LIMIT_DEFAULTS, MAX_WINDOW_DAYS } from "./limits_schema.js";
import { WEBHOOK_PROPERTIES, WEBHOOK_THEIRS } from "./webhook_schema.js";

const MIB = 1024 * 1024;
const HOST_NAME = "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$";
export const GROUP_NAME = "^[A-Za-z0-9_-]{1,31}$";
const MAX_GROUPS = 64;
const MAX_SILENT_HOURS = 24 * 31;
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DAEMON_DEFAULTS = {
  log_level: "info",
  sessions: 64,
  batches_in_flight: 2,
  batch_queue: 16,
  batch_bytes: LIMITS.batch_bytes,
  max_file_bytes: 64 * MIB,
  max_total_bytes: 1024 * MIB,
  group: {
    max_gross_exposure: null,
    max_drawdown: null,
    drawdown_window_days: LIMIT_DEFAULTS.drawdown_window_days,
    silent_hours: 168,
  },
} as const;

function whole(minimum: number, maximum: number, description: string, fallback: number) {
  return Type.Optional(Type.Integer({ minimum, maximum, ...option(description, fallback) }));
}

/** A part that is off unless given. */
function nullable<const P extends TProperties>(properties: P, description: string, more: object = {}) {
  return Type.Optional(
    Type.Union([Type.Object(properties, { additionalProperties: false }), Type.Null()], {
      ...option(description, null),
      ...more,
    }),
  );
}

export const DaemonSchema = Type.Object(
  {
    dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...option(
          "Directory of the sockets, created with mode 0700. Null: $TALEBRIDGE_DIR, else $XDG_RUNTIME_DIR/talebridge, else /tmp/talebridge-<uid>.",
          null,
        ),
      }),
    ),
    journal_dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...option(
          "Directory of the journal. Null: `journal` inside a directory that was named; for the default directory $XDG_STATE_HOME/talebridge/journal, else ~/.local/state/talebridge/journal.",
          null,
        ),
      }),
    ),
    log_level: Type.Optional(
      Type.Enum(LOG_LEVELS, { ...option("Least level of the log lines on stderr.", DAEMON_DEFAULTS.log_level) }),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          sessions: whole(1, 1024, "Portfolio sessions kept at once.", DAEMON_DEFAULTS.sessions),
          batches_in_flight: whole(1, 16, "Frames annotated at the same time.", DAEMON_DEFAULTS.batches_in_flight),
          batch_queue: whole(
            0,
            256,
            "Frames waiting beyond those; more are answered `busy`.",
            DAEMON_DEFAULTS.batch_queue,
          ),
          batch_bytes: whole(
            MIB,
            LIMITS.batch_bytes,
            "Largest frame, and the most that may wait in the queue, in bytes.",
            DAEMON_DEFAULTS.batch_bytes,
          ),
        },
        { additionalProperties: false },
      ),
    ),
    journal: Type.Optional(
      Type.Object(
        {
          max_file_bytes: whole(
            64 * 1024,
            4096 * MIB,
            "A journal file larger than this, or a day old, is closed and a new one begun.",
            DAEMON_DEFAULTS.max_file_bytes,
          ),
          max_total_bytes: whole(
            MIB,
            1024 * 1024 * MIB,
            "The oldest journal files are removed when all together pass this.",
            DAEMON_DEFAULTS.max_total_bytes,
          ),
          max_age_days: Type.Optional(
            Type.Union([Type.Integer({ minimum: 1, maximum: 3660 }), Type.Null()], {
              ...option(
                "Journal files last written more days ago are removed, whenever a new one is begun. Null: only size counts.",
                null,
              ),
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    groups: Type.Optional(
      Type.Record(
        Type.String({ pattern: GROUP_NAME }),
        Type.Object(
          {
            max_gross_exposure: Type.Optional(
              Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), Type.Null()], {
                ...option(
                  "Largest sum of stake × leverage over all members' open positions, pending entry orders, confirmed entries and the new entry, as a multiple of their equity. Entries are cut to the room left. Null: off.",
                  DAEMON_DEFAULTS.group.max_gross_exposure,
                ),
              }),
            ),
            max_drawdown: Type.Optional(
              Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
                ...option(
                  "Deny all members' entries while their mark-to-market equity together is more than this share below its high-water mark of the last drawdown_window_days; members that join or leave are neither gain nor loss. Null: off.",
                  DAEMON_DEFAULTS.group.max_drawdown,
                ),
              }),
            ),
            drawdown_window_days: Type.Optional(
              Type.Number({
                minimum: 1,
                maximum: MAX_WINDOW_DAYS,
                ...option(
                  "Length of the rolling window of that high-water mark: such a denial ends after this time at the latest.",
                  DAEMON_DEFAULTS.group.drawdown_window_days,
                ),
              }),
            ),
            silent_hours: Type.Optional(
              Type.Number({
                minimum: 1,
                maximum: MAX_SILENT_HOURS,
                ...option(
                  "A member that has asked and told nothing for this long no longer counts, until it is heard again. Until then it counts as last told.",
                  DAEMON_DEFAULTS.group.silent_hours,
                ),
              }),
            ),
          },
          { additionalProperties: false },
        ),
        {
          maxProperties: MAX_GROUPS,
          "x-names": "1 to 31 letters, digits, - or _",
          ...option(
            "Named groups of live bots with common limits: a bot is in one by `group` in its `risk_bridge` block. Dry-run and live bots of one name are apart.",
            {},
          ),
        },
      ),
    ),
    tcp: nullable(
      {
        gate: Type.String({ minLength: 1, maxLength: 64, ...required("ADDRESS:PORT of the gate socket.") }),
        batch: Type.String({ minLength: 1, maxLength: 64, ...required("ADDRESS:PORT of the batch socket.") }),
        keys_dir: Type.Optional(
          Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
            ...option(
              "Directory of the keys made by `talebridge keys`. Null: $XDG_CONFIG_HOME/talebridge/keys, else ~/.config/talebridge/keys.",
              null,
            ),
          }),
        ),
        insecure: Type.Optional(
          Type.Boolean({
            ...option("Neither encrypts nor asks who connects: anyone on this machine can. Loopback only.", false),
          }),
        ),
      },
      "Also serve over tcp, encrypted and for listed client keys only (CURVE).",
    ),
    metrics: nullable(
      {
        listen: Type.String({
          minLength: 1,
          maxLength: 64,
          ...required("ADDRESS:PORT, such as 127.0.0.1:9109; port 0 takes a free one."),
        }),
        allow_remote: Type.Optional(
          Type.Boolean({
            ...option(
              "Listen on an address that other machines may reach. There is no password; counts are served, no names, pairs or money.",
              false,
            ),
          }),
        ),
      },
      "Serve /metrics (Prometheus) and /healthz over HTTP.",
    ),
    web: nullable(
      {
        listen: Type.String({
          minLength: 1,
          maxLength: 64,
          ...required("ADDRESS:PORT, such as 127.0.0.1:9110; port 0 takes a free one."),
        }),
        allow_remote: Type.Optional(
          Type.Boolean({
            ...option(
              "Listen on an address that other machines may reach. A token is asked for, but nothing is encrypted: put a TLS proxy or a tunnel in front.",
              false,
            ),
          }),
        ),
        hosts: Type.Optional(
          Type.Array(Type.String({ pattern: HOST_NAME, "x-values": "a host name in lower case, without port" }), {
            maxItems: 8,
            ...option(
              "Names, without port, by which browsers may ask for the page, such as a proxy's. Addresses and localhost need not be named.",
              [],
            ),
          }),
        ),
        token_file: Type.Optional(
          Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
            ...option(
              "File of the token the page asks for, made with mode 0600 when it is missing. Null: `web.token` in the journal's directory.",
              null,
            ),
          }),
        ),
      },
      "Serve a page to watch and to halt, reduce and resume; `talebridge web` prints its address with the token.",
    ),
    webhook: nullable(
      { ...WEBHOOK_PROPERTIES, ...WEBHOOK_THEIRS },
      "Send alarms to an address, in the format of freqtrade's own `webhook` section, which may be copied here: its keys for other messages are left unused.",
      // Somebody may write the address alone.
      { "x-secret": true },
    ),
  },
  {
    additionalProperties: false,
    title: "talebridge daemon",
    description: "The file given to `talebridge serve --config`.",
  },
);

export type GivenDaemonConfig = Static<typeof DaemonSchema>;
