/** `talebridge schema`: prints a JSON Schema, or every limit. */
import { parseArgs } from "node:util";
import { DaemonSchema } from "../config/daemon_schema.js";
import { SettingsSchema } from "../config/settings.js";
import { FIXED_LIMITS } from "../limits.js";
import { LIMITS } from "../protocol/codes.js";
import { EXIT } from "./usage.js";

export const usage = `talebridge schema [--daemon | --limits]
  Prints the JSON Schema of the risk_bridge settings, or of the daemon's configuration file; or every limit: of messages, configurable, fixed.`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { daemon: { type: "boolean" }, limits: { type: "boolean" } },
  });
  if (values.limits === true) {
    const { limits, journal } = DaemonSchema.properties;
    const document = { messages: LIMITS, configurable: { limits, journal }, fixed: FIXED_LIMITS };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return EXIT.ok;
  }
  const schema = values.daemon === true ? DaemonSchema : SettingsSchema;
  const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema };
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return EXIT.ok;
}
