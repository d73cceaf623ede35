/**
 * The ways in: two sockets in the daemon's directory, a stream beside them if it is private, and two more sockets over tcp if the configuration has
 * them. Opened together, closed together.
 */

import { join } from "node:path";
import type { Logger } from "pino";
import type { DaemonConfig } from "../config/daemon.js";
import { BATCH_SOCKET, GATE_SOCKET, GATE_STREAM } from "../config/paths.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { LIMITS } from "../protocol/codes.js";
import type { Door } from "../security/door.js";
import { countOpenFiles, DescriptorGuard, openFilesLimit } from "./descriptors.js";
import { ConfigError } from "./directory.js";
import { type Address, ServerSocket, type SocketOptions } from "./socket.js";
import { ServerStream } from "./stream.js";

export interface EntranceParts {
  readonly config: DaemonConfig;
  /** Who may come in over tcp; null: there is no tcp. */
  readonly door: Door | null;
  readonly counters: Counters;
  readonly log: Logger;
  /** The reply to one message of the gate, however it came. */
  readonly answerGate: (frames: readonly Buffer[]) => Buffer;
  readonly handleBatch: SocketOptions["handle"];
}

/** One way in. */
interface Entrance {
  /** Where it is to listen. */
  readonly wanted: string;
  start(): Promise<void> | void;
  dropConnections(): Promise<void>;
  close(): Promise<void>;
}

export interface Entrances {
  /** Addresses listened on over tcp, with the ports taken; empty when there are none. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Listens in the daemon's directory anew, which drops all connections there. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** @throws ConfigError when an address cannot be listened on; nothing stays open then */
export async function openEntrances(parts: EntranceParts): Promise<Entrances> {
  const { config, door, counters, log } = parts;
  const guard = guardDescriptors(() => entrances, counters, log);
  const onAccepted = () => guard?.accepted();
  const gateSocket = (address: Address) =>
    new ServerSocket({
      address,
      max_message_bytes: LIMITS.portfolio_bytes,
      high_water_mark: FIXED.gate_high_water_mark,
      intake: FIXED.gate_intake,
      counters,
      log,
      onAccepted,
      handle: (frames, reply) => reply([parts.answerGate(frames)]),
    });
  const batchSocket = (address: Address) =>
    new ServerSocket({
      address,
      max_message_bytes: config.limits.batch_bytes,
      high_water_mark: FIXED.batch_high_water_mark,
      // Frames are large, and have a queue of their own.
      intake: 1,
      counters,
      log,
      onAccepted,
      handle: parts.handleBatch,
    });
  const local: Entrance[] = [
    gateSocket({ transport: "ipc", path: join(config.dir, GATE_SOCKET) }),
    batchSocket({ transport: "ipc", path: join(config.dir, BATCH_SOCKET) }),
  ];
  if (config.private) {
    const path = join(config.dir, GATE_STREAM);
    local.push(new ServerStream({ path, counters, log, onAccepted, answer: parts.answerGate }));
  }
  const entrances = [...local];
  const endpoints: Record<string, () => string> = {};
  const remote: ServerSocket[] = [];
  if (config.tcp !== null) {
    const curve = door?.curve ?? null;
    const gate = gateSocket({ transport: "tcp", endpoint: config.tcp.gate, curve });
    const batch = batchSocket({ transport: "tcp", endpoint: config.tcp.batch, curve });
    remote.push(gate, batch);
    entrances.push(gate, batch);
    endpoints.gate = () => gate.endpoint;
    endpoints.batch = () => batch.endpoint;
  }
  const close = async (): Promise<void> => {
    for (const entrance of entrances) await entrance.close();
    await door?.close();
  };
  try {
    await door?.open(() => {
      counters.add("connections_dropped");
      log.warn("a client was taken off the list: all tcp connections are dropped, those still listed connect anew");
      void dropAll(remote, log);
    });
    for (const entrance of entrances) await startEntrance(entrance);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoints: Object.fromEntries(Object.entries(endpoints).map(([name, read]) => [name, read()])),
    reopen: () => dropAll(local, log),
    close,
  };
}

/** Null where the system does not tell how many files may be open. */
function guardDescriptors(
  entrances: () => readonly Entrance[],
  counters: Counters,
  log: Logger,
): DescriptorGuard | null {
  const limit = openFilesLimit();
  if (limit === null) return null;
  return new DescriptorGuard({
    limit,
    count: countOpenFiles,
    drop: async (open) => {
      counters.add("connections_dropped");
      log.error(
        { open, limit },
        "too many connections for the limit of open files: all are dropped, clients connect anew",
      );
      await dropAll(entrances(), log);
    },
  });
}

async function dropAll(entrances: readonly Entrance[], log: Logger): Promise<void> {
  const dropped = await Promise.allSettled(entrances.map((entrance) => entrance.dropConnections()));
  for (const result of dropped) if (result.status === "rejected") log.error({ err: result.reason }, "not dropped");
}

/** A port that is taken, or an address this machine does not have, is a wrong configuration. */
async function startEntrance(entrance: Entrance): Promise<void> {
  try {
    await entrance.start();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `${entrance.wanted} cannot be listened on (${text}): choose another address in the configuration`,
    );
  }
}
