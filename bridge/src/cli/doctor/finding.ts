/** What one check found, and the check that several make. */
import { lstatSync } from "node:fs";

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

/** Whether a file or directory is its owner's alone. @param wanted the mode to give it if not */
export function checkMode(path: string, wanted: number): Finding {
  const mode = lstatSync(path).mode & 0o777;
  const text = `${path} has mode ${mode.toString(8)}`;
  const others = mode & 0o077;
  return others === 0 ? good("permissions", text) : bad("permissions", text, `chmod ${wanted.toString(8)} ${path}`);
}
