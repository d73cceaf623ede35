/** The commands of `talebridge`, each in its own file. */

/** What each file of a command exports. */
export interface Command {
  readonly usage: string;
  /** As node:util parseArgs takes them; completion and the manual page read them too. */
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean"; readonly multiple?: boolean }>>;
  run(argv: readonly string[]): Promise<number>;
}

/** Loaded when asked for: `schema` needs no sockets, `serve` no report. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: () => import("./serve.js"),
  status: () => import("./status.js"),
  halt: () => import("./halt.js"),
  reduce: () => import("./reduce.js"),
  resume: () => import("./resume.js"),
  rebase: () => import("./rebase.js"),
  override: () => import("./override.js"),
  keys: () => import("./keys.js"),
  web: () => import("./web.js"),
  explain: () => import("./explain.js"),
  doctor: () => import("./doctor.js"),
  init: () => import("./init.js"),
  schema: () => import("./schema.js"),
  replay: () => import("./replay.js"),
  calibrate: () => import("./calibrate.js"),
  quantum: () => import("./quantum.js"),
  completion: () => import("./completion.js"),
  man: () => import("./man.js"),
};
