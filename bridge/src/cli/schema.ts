/** `talebridge schema`: prints a JSON Schema. */
import { parseArgs } from "node:util";
import { DaemonSchema } from "../config/daemon.js";
import { SettingsSchema } from "../config/settings.js";
import { EXIT } from "./usage.js";

export const usage = `talebridge schema [--daemon]
  Prints the JSON Schema of the risk_bridge settings, or of the daemon's configuration file.`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { daemon: { type: "boolean" } } });
  const schema = values.daemon === true ? DaemonSchema : SettingsSchema;
  const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema };
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return EXIT.ok;
}
