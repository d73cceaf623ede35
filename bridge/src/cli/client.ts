/** A client of the daemon's gate socket for the commands: one question, one answer. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Packr } from "msgpackr/pack";
import { Unpackr } from "msgpackr/unpack";
import { Dealer } from "zeromq";
import { defaultDir, GATE_SOCKET } from "../config/paths.js";
import { PROTOCOL_VERSION, STATUS } from "../protocol/codes.js";

const TIMEOUT_MS = 2000;
const ID = 1;

/** The daemon does not answer, or answered with an error. Exit code 1. */
export class DaemonError extends Error {
  override readonly name = "DaemonError";
}

export function chooseDir(given: string | undefined, uid: number): string {
  return resolve(given ?? defaultDir(process.env, uid));
}

/** What encrypts a connection over tcp, in Z85. */
export interface ClientCurve {
  readonly server_public: string;
  readonly public: string;
  readonly secret: string;
}

/**
 * Asks the daemon of a directory.
 * @param body op-specific elements after the id
 * @returns elements of the reply after the status
 * @throws DaemonError when there is no daemon, it does not answer in time, or its reply has another status than ok
 */
export async function ask(
  dir: string,
  op: number,
  body: readonly unknown[],
  socket_name = GATE_SOCKET,
): Promise<readonly unknown[]> {
  const path = join(dir, socket_name);
  if (!existsSync(path)) {
    throw new DaemonError(
      `no daemon serves ${dir} (${path} is missing): start one with \`talebridge serve --dir ${dir}\``,
    );
  }
  const silent = `the daemon of ${dir} did not answer within ${TIMEOUT_MS} ms: is it running? See \`talebridge doctor\``;
  return exchange(`ipc://${path}`, null, op, body, silent);
}

/**
 * Asks a daemon over tcp.
 * @param endpoint `tcp://…`
 * @param curve null: in the clear
 * @throws DaemonError as {@link ask}
 */
export function askOver(
  endpoint: string,
  curve: ClientCurve | null,
  op: number,
  body: readonly unknown[],
): Promise<readonly unknown[]> {
  const silent = `${endpoint} did not answer within ${TIMEOUT_MS} ms: nothing listens there, or it does not know this key`;
  return exchange(endpoint, curve, op, body, silent);
}

async function exchange(
  endpoint: string,
  curve: ClientCurve | null,
  op: number,
  body: readonly unknown[],
  silent: string,
): Promise<readonly unknown[]> {
  const keys =
    curve === null
      ? {}
      : { curveServerKey: curve.server_public, curvePublicKey: curve.public, curveSecretKey: curve.secret };
  const timeouts = { sendTimeout: TIMEOUT_MS, receiveTimeout: TIMEOUT_MS };
  const socket = new Dealer({ linger: 0, immediate: true, ipv6: endpoint.includes("["), ...timeouts, ...keys });
  try {
    socket.connect(endpoint);
    await socket.send(new Packr({ useRecords: false }).pack([PROTOCOL_VERSION, op, ID, ...body]));
    const [frame] = await socket.receive();
    return unwrap(frame === undefined ? null : new Unpackr({ useRecords: false, int64AsType: "number" }).unpack(frame));
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    throw new DaemonError(silent);
  } finally {
    socket.close();
  }
}

function unwrap(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new DaemonError("the daemon's answer is not the talebridge protocol");
  const [version, id, status, ...body]: unknown[] = reply;
  if (version !== PROTOCOL_VERSION || id !== ID) {
    throw new DaemonError(
      `the daemon speaks protocol ${version}, this command ${PROTOCOL_VERSION}: install the same version`,
    );
  }
  if (status !== STATUS.ok) throw new DaemonError(String(body[0]));
  return body;
}
