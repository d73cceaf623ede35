/** What the daemon's schema carries beside its types: meaning and default of a key. */

export function option(description: string, fallback: unknown): Record<string, unknown> {
  return { ...required(description), default: fallback };
}

/** A key without which its part means nothing. */
export function required(description: string): Record<string, unknown> {
  return { description, "x-part": "daemon" };
}
