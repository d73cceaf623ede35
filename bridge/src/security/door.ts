/** The tcp entrance: keys, list of clients, and the context whose ZAP handler asks that list. Without keys only if the configuration says so. */
import type { Logger } from "pino";
import { Context, capability } from "zeromq";
import type { TcpConfig } from "../config/daemon.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { ConfigError } from "../server/directory.js";
import type { CurveServer } from "../server/socket.js";
import { AllowList } from "./allow_list.js";
import { readServerKey } from "./keys.js";
import { ZapHandler } from "./zap.js";

export interface Door {
  /** Null: anyone on this machine may come in. */
  readonly curve: CurveServer | null;
  /** Begins to admit. Before the sockets are bound. @param onRevoked told soon after a client that may be connected has been taken off the list */
  open(onRevoked: () => void): Promise<void>;
  /** After the sockets are closed. */
  close(): Promise<void>;
}

/** @throws ConfigError when a key is missing, unreadable or open to others */
export function openDoor(config: TcpConfig, uid: number, counters: Counters, log: Logger): Door {
  if (config.insecure) {
    log.warn("tcp is insecure: every user of this machine can ask the bridge, and steer it");
    return { curve: null, open: async () => undefined, close: async () => undefined };
  }
  if (capability.curve !== true) {
    throw new ConfigError("this build of libzmq has no CURVE encryption: install zeromq's own, or leave `tcp` out");
  }
  const key = readServerKey(config.keys_dir, uid);
  let onRevoked: () => void = () => undefined;
  const clients = new AllowList({
    dir: config.keys_dir,
    uid,
    clock: () => performance.now(),
    onUnreadable: (error) => {
      log.error({ err: error }, "the list of clients cannot be trusted any more: nobody is let in over tcp");
    },
    onRevoked: () => onRevoked(),
  });
  if (clients.size === 0) {
    log.warn({ keys_dir: config.keys_dir }, "no client is on the list: `talebridge keys client NAME` adds one");
  }
  // A context of its own: its one ZAP handler answers for this daemon's sockets and no others.
  const context = new Context();
  const zap = new ZapHandler({
    context,
    nameOf: (public_key) => clients.nameOf(public_key),
    log,
    clock: () => performance.now(),
    onRefused: () => counters.add("clients_refused"),
  });
  let watch: NodeJS.Timeout | undefined;
  return {
    curve: { context, secret_key: key.secret },
    open: (tell) => {
      // Not within the look: that may be the answer to a client who is connecting.
      onRevoked = () => void setImmediate(tell);
      watch = setInterval(() => clients.look(), FIXED.allow_list_ms).unref();
      return zap.start();
    },
    close: () => {
      clearInterval(watch);
      return zap.close();
    },
  };
}
