/** What one check found. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
  /** What to do about it; null: nothing. */
  readonly fix: string | null;
}

export function good(what: string, text: string): Finding {
  return { what, ok: true, text, fix: null };
}

export function bad(what: string, text: string, fix: string): Finding {
  return { what, ok: false, text, fix };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
