/** `talebridge schema`: prints a JSON Schema, or every limit. */
import { parseArgs } from "node:util";
import { DaemonSchema } from "../config/daemon_schema.js";
import { SettingsSchema } from "../config/settings.js";
import { FIXED_LIMITS } from "../limits.js";
import { LIMITS } from "../protocol/codes.js";
import { EXIT } from "./usage.js";

export const usage = `talebridge schema [--daemon | --replay | --comparison | --limits]
  Prints the JSON Schema of the risk_bridge settings, of the daemon's configuration file, of a replay's figures (replay --json) or of several replays side by side;
  or every limit: of messages, configurable, fixed.`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      daemon: { type: "boolean" },
      replay: { type: "boolean" },
      comparison: { type: "boolean" },
      limits: { type: "boolean" },
    },
  });
  if (values.limits === true) {
    const { limits, journal } = DaemonSchema.properties;
    const document = { messages: LIMITS, configurable: { limits, journal }, fixed: FIXED_LIMITS };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return EXIT.ok;
  }
  const schema = await schemaOf(values);
  const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema };
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return EXIT.ok;
}

/** The replay's are large, and loaded when asked for. */
async function schemaOf(values: {
  readonly daemon?: boolean | undefined;
  readonly replay?: boolean | undefined;
  readonly comparison?: boolean | undefined;
}): Promise<object> {
  if (values.replay === true) return (await import("../replay/run/result.js")).ReplayResultSchema;
  if (values.comparison === true) return (await import("../replay/run/comparison.js")).ComparisonSchema;
  return values.daemon === true ? DaemonSchema : SettingsSchema;
}
