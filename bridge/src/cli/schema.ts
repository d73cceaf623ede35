/** `talebridge schema`: prints a JSON Schema, or every limit. */
import { parseArgs } from "node:util";
import { DaemonSchema } from "../config/daemon_schema.js";
import { FIXED_LIMITS } from "../limits.js";
import { LIMITS } from "../protocol/codes.js";
import { daemonSchema, published, settingsFileSchema, settingsSchema } from "./schema_documents.js";
import { EXIT } from "./usage.js";

export const usage = `talebridge schema [--file | --daemon | --journal | --replay | --comparison | --calibration | --limits]
  Prints the JSON Schema of the risk_bridge settings, of a freqtrade configuration file with them, of the daemon's configuration file, of a line of the
  journal, of a replay's figures (replay --json), of several replays side by side or of a calibration; or every limit: of messages, configurable, fixed.`;

export const options = {
  file: { type: "boolean" },
  daemon: { type: "boolean" },
  journal: { type: "boolean" },
  replay: { type: "boolean" },
  comparison: { type: "boolean" },
  calibration: { type: "boolean" },
  limits: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options });
  process.stdout.write(`${JSON.stringify(await documentOf(values), null, 2)}\n`);
  return EXIT.ok;
}

/** The last are large, and loaded when asked for. */
async function documentOf(asked: { readonly [K in keyof typeof options]?: boolean | undefined }): Promise<object> {
  if (asked.limits === true) {
    const { limits, journal } = DaemonSchema.properties;
    return { messages: LIMITS, configurable: { limits, journal }, fixed: FIXED_LIMITS };
  }
  if (asked.replay === true) return published((await import("../replay/run/result.js")).ReplayResultSchema);
  if (asked.comparison === true) return published((await import("../replay/run/comparison.js")).ComparisonSchema);
  if (asked.calibration === true) return published((await import("../replay/calibrate/result.js")).CalibrationSchema);
  if (asked.journal === true) return published((await import("../journal/lines.js")).lineSchema());
  if (asked.daemon === true) return daemonSchema();
  return asked.file === true ? settingsFileSchema() : settingsSchema();
}
