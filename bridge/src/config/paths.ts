/** Where the daemon's files are. */
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export const GATE_SOCKET = "gate.sock";
export const BATCH_SOCKET = "batch.sock";
/** A plain stream to the gate, beside its socket: of private daemons only. */
export const GATE_STREAM = "gate.stream";
export const LOCK_FILE = "daemon.lock";
/** Longest path of a UNIX socket, in bytes, without its final zero (sockaddr_un). */
export const MAX_SOCKET_PATH_BYTES = 107;

/** What a daemon listens on in its directory. */
export function socketNames(is_private: boolean): readonly string[] {
  return is_private ? [GATE_SOCKET, BATCH_SOCKET, GATE_STREAM] : [GATE_SOCKET, BATCH_SOCKET];
}

type Env = Readonly<Record<string, string | undefined>>;

/** Directory of the sockets when neither an argument nor a setting names one; the shim looks in the same places. */
export function defaultDir(env: Env, uid: number): string {
  if (env.TALEBRIDGE_DIR) return env.TALEBRIDGE_DIR;
  if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, "talebridge");
  return `/tmp/talebridge-${uid}`;
}

/** Journals of a daemon in the default directory: that one is often in memory and gone after a reboot, a live session's history must not be. */
export function defaultJournalDir(env: Env): string {
  const state = env.XDG_STATE_HOME;
  if (state) return join(state, "talebridge", "journal");
  const home = env.HOME ?? homedir();
  return home === "" ? join(tmpdir(), "talebridge-journal") : join(home, ".local", "state", "talebridge", "journal");
}

/** Keys for tcp. */
export function defaultKeysDir(env: Env): string {
  const config = env.XDG_CONFIG_HOME;
  if (config) return join(config, "talebridge", "keys");
  const home = env.HOME ?? homedir();
  return join(home === "" ? tmpdir() : home, ".config", "talebridge", "keys");
}
