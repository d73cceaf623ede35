/** The JSON Schemas that are published: in protocol/, by `talebridge schema`, and beside the files `talebridge init` writes. */
import { DaemonSchema } from "../config/daemon_schema.js";
import { SettingsSchema } from "../config/settings.js";

export const DIALECT = "https://json-schema.org/draft/2020-12/schema";
/** Editors want to name the schema in the file itself. */
const NAMES_ITS_SCHEMA = {
  type: "string",
  description: "Where this file's schema is, for editors; ignored otherwise.",
};

/** Of the `risk_bridge` block. */
export function settingsSchema(): Record<string, unknown> {
  return { $schema: DIALECT, ...SettingsSchema };
}

/** Of a configuration file of freqtrade with that block; everything else in it is freqtrade's business. */
export function settingsFileSchema(): Record<string, unknown> {
  return {
    $schema: DIALECT,
    title: "freqtrade configuration with a risk_bridge block",
    type: "object",
    properties: { $schema: NAMES_ITS_SCHEMA, risk_bridge: SettingsSchema },
  };
}

/** Of the file given to `talebridge serve --config`. */
export function daemonSchema(): Record<string, unknown> {
  const { properties, ...rest } = DaemonSchema;
  return { $schema: DIALECT, ...rest, properties: { $schema: NAMES_ITS_SCHEMA, ...properties } };
}
