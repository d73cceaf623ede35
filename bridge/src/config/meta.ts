/** What the settings schemas carry beside their types: meaning, default, and which side reads a key. */
import { PROFILE_LIMITS, PROFILE_NAMES, type Profile } from "./profiles.js";

type Part = "gate" | "shim";

export function meta(part: Part, meaning: string, fallback: unknown): Record<string, unknown> {
  return { description: meaning, default: fallback, "x-part": part };
}

/** For a key whose default depends on the profile. */
export function byProfile(key: keyof (typeof PROFILE_LIMITS)[Profile], meaning: string): Record<string, unknown> {
  const values = Object.fromEntries(PROFILE_NAMES.map((name) => [name, PROFILE_LIMITS[name][key]]));
  return { description: meaning, "x-part": "gate", "x-default-by-profile": values };
}
