/** The JSON Schemas that are published: in protocol/, by `talebridge schema`, and beside the files `talebridge init` writes. */
import { isRecord } from "../config/check.js";
import { DaemonSchema } from "../config/daemon_schema.js";
import { SettingsSchema } from "../config/settings.js";

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
/** Editors want to name the schema in the file itself. */
const NAMES_ITS_SCHEMA = {
  type: "string",
  description: "Where this file's schema is, for editors; ignored otherwise.",
};

/** A schema as a document of its dialect: typebox writes tuples as earlier drafts did, with a list in `items`. */
export function published(schema: object): Record<string, unknown> {
  return { $schema: DIALECT, ...Object(withPrefixItems(schema)) };
}

function withPrefixItems(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPrefixItems);
  if (!isRecord(value)) return value;
  const { items, additionalItems, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withPrefixItems(part)]),
  );
  if (items === undefined) return rest;
  return Array.isArray(items) ? { ...rest, prefixItems: items, items: additionalItems ?? false } : { ...rest, items };
}

/** Of the `risk_bridge` block. */
export function settingsSchema(): Record<string, unknown> {
  return published(SettingsSchema);
}

/** Of a configuration file of freqtrade with that block; everything else in it is freqtrade's business. */
export function settingsFileSchema(): Record<string, unknown> {
  return published({
    title: "freqtrade configuration with a risk_bridge block",
    type: "object",
    properties: { $schema: NAMES_ITS_SCHEMA, risk_bridge: SettingsSchema },
  });
}

/** Of the file given to `talebridge serve --config`. */
export function daemonSchema(): Record<string, unknown> {
  const { properties, ...rest } = DaemonSchema;
  return published({ ...rest, properties: { $schema: NAMES_ITS_SCHEMA, ...properties } });
}
