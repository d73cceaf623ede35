/** Checks a value against a typebox schema and says what is wrong in words a user can act on: every violation at once, each with path and fix. */

import type { Violation } from "../engine/types.js";
import { FIXED } from "../limits.js";
import { type TSchema, Type, Value } from "../typebox.js";

/** More violations than this are not listed: a hostile message must not make a huge reply. */
export const MAX_VIOLATIONS = FIXED.violations;
const MAX_SHOWN_CHARS = 40;

/** Every way in which `value` breaks `schema`, at most {@link MAX_VIOLATIONS}; empty when it holds. */
export function check(schema: TSchema, value: unknown, path = ""): Violation[] {
  const found: Violation[] = [];
  walk(schema, value, path, found);
  return found.slice(0, MAX_VIOLATIONS);
}

function walk(schema: TSchema, value: unknown, path: string, found: Violation[]): void {
  if (found.length >= MAX_VIOLATIONS) return;
  if (Type.IsObject(schema) && isRecord(value)) {
    const names = Object.keys(schema.properties);
    for (const key of Object.keys(value)) {
      const property = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      if (property === undefined) found.push({ path: join(path, shorten(key)), message: unknownKey(key, names) });
      else walk(property, value[key], join(path, key), found);
    }
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(value, name)) found.push({ path: join(path, name), message: "is missing" });
    }
    return;
  }
  if (Type.IsRecord(schema) && isRecord(value)) {
    const most = bound(schema, "maxProperties");
    if (most !== null && Object.keys(value).length > most) {
      found.push({ path, message: `has ${Object.keys(value).length} entries; must be ${describe(schema)}` });
    }
    const [pattern, item] = Object.entries(schema.patternProperties)[0] ?? ["", Type.Never()];
    for (const [key, part] of Object.entries(value)) {
      if (new RegExp(pattern).test(key)) walk(item, part, join(path, key), found);
      else
        found.push({ path: join(path, shorten(key)), message: `is no name; must be ${namesOf(schema) ?? "another"}` });
    }
    return;
  }
  if (Type.IsArray(schema) && Array.isArray(value) && !tooLong(schema, value)) {
    value.forEach((item, index) => {
      walk(schema.items, item, `${path}[${index}]`, found);
    });
    return;
  }
  if (Value.Check(schema, value)) return;
  if (Type.IsUnion(schema)) {
    // A union here is "something, or null", or a word or a list: errors inside what fits are the useful ones.
    const structured = schema.anyOf.find((option) =>
      Type.IsArray(option) ? Array.isArray(value) : Type.IsObject(option) && isRecord(value),
    );
    if (structured !== undefined) {
      walk(structured, value, path, found);
      return;
    }
  }
  const was =
    Reflect.get(schema, "x-secret") === true ? "cannot be used (not shown); must be" : `was ${shown(value)}; must be`;
  found.push({ path, message: `${was} ${describe(schema)}` });
}

/** The values a schema admits, as half a sentence: "a number above 0, at most 1, or null". */
export function describe(schema: TSchema): string {
  const words: unknown = Reflect.get(schema, "x-values");
  if (typeof words === "string") return words;
  if (Type.IsUnion(schema)) return schema.anyOf.map(describe).join(", or ");
  if (Type.IsNull(schema)) return "null";
  if (Type.IsEnum(schema)) return `one of ${schema.enum.map((item) => JSON.stringify(item)).join(", ")}`;
  if (Type.IsBoolean(schema)) return "true or false";
  if (Type.IsRecord(schema) && namesOf(schema) !== null) {
    const most = bound(schema, "maxProperties");
    return `a map${most === null ? "" : ` of at most ${most} entries`}, its names ${namesOf(schema)}`;
  }
  if (Type.IsObject(schema) || Type.IsRecord(schema)) return "a map";
  if (Type.IsArray(schema)) {
    const most = bound(schema, "maxItems");
    return `a list${most === null ? "" : ` of at most ${most} items`}`;
  }
  if (Type.IsString(schema)) {
    const most = bound(schema, "maxLength");
    return `a text${most === null ? "" : ` of 1 to ${most} characters`}`;
  }
  if (Type.IsInteger(schema) || Type.IsNumber(schema)) {
    const parts = [Type.IsInteger(schema) ? "a whole number" : "a number"];
    const limits = [
      [bound(schema, "exclusiveMinimum"), "above"],
      [bound(schema, "minimum"), "at least"],
      [bound(schema, "exclusiveMaximum"), "below"],
      [bound(schema, "maximum"), "at most"],
    ] as const;
    const words = limits.filter(([at]) => at !== null).map(([at, word]) => `${word} ${at}`);
    if (words.length > 0) parts.push(words.join(" and "));
    return parts.join(" ");
  }
  return "something else";
}

/** Which names a map of names admits, in words; null: they are not described. */
function namesOf(schema: TSchema): string | null {
  const words: unknown = Reflect.get(schema, "x-names");
  return typeof words === "string" ? words : null;
}

function bound(schema: TSchema, key: string): number | null {
  const value: unknown = Reflect.get(schema, key);
  return typeof value === "number" ? value : null;
}

function tooLong(schema: TSchema, value: readonly unknown[]): boolean {
  const most = bound(schema, "maxItems");
  const least = bound(schema, "minItems");
  return (most !== null && value.length > most) || (least !== null && value.length < least);
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(key, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    near !== undefined && near.distance <= Math.max(2, Math.floor(near.name.length / 4))
      ? `did you mean "${near.name}"?`
      : `known: ${known.join(", ")}`;
  return `is not a known setting; ${hint}`;
}

/** Levenshtein distance; inputs longer than 64 characters count as far from everything. */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      const left = next[j - 1] ?? 0;
      const diagonal = row[j - 1] ?? 0;
      next.push(Math.min(above + 1, left + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return `a list of ${value.length} items`;
  if (isRecord(value)) return "a map";
  return shorten(String(value));
}
