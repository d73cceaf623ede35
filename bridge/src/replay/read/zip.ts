/** Zip archives held in memory: a listing first, then single members, every size checked before anything is unpacked. */
import { type UnzipFileInfo, unzipSync } from "fflate";
import { ReplayInputError, shown } from "./error.js";

export const MAX_ZIP_BYTES = 1 << 29;
export const MAX_ZIP_MEMBERS = 4096;
export const MAX_MEMBER_BYTES = 1 << 28;

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;

export interface Archive {
  /** Member names in the order of the archive's directory. */
  readonly names: readonly string[];
  /**
   * Unpacks one member.
   * @throws ReplayInputError when it is absent, too large or damaged
   */
  read(name: string): Uint8Array;
}

/** Whether the bytes start like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * Lists a zip archive.
 * @param file name for messages
 * @throws ReplayInputError when it is damaged, uses ZIP64, or goes beyond a limit
 */
export function openZip(bytes: Uint8Array, file: string): Archive {
  if (bytes.length > MAX_ZIP_BYTES) {
    throw new ReplayInputError(`${file} has ${bytes.length} bytes; at most ${MAX_ZIP_BYTES} are read.`);
  }
  refuseZip64(bytes, file);
  const members = new Map<string, UnzipFileInfo>();
  guarded(file, () =>
    unzipSync(bytes, {
      filter(member) {
        if (members.has(member.name)) throw new ReplayInputError(`${file} holds ${shown(member.name)} twice.`);
        if (members.size === MAX_ZIP_MEMBERS) {
          throw new ReplayInputError(`${file} holds more than ${MAX_ZIP_MEMBERS} files.`);
        }
        members.set(member.name, member);
        return false;
      },
    }),
  );
  return {
    names: [...members.keys()],
    read(name) {
      const member = members.get(name);
      if (member === undefined) throw new ReplayInputError(`${file} holds no file ${shown(name)}.`);
      if (member.originalSize > MAX_MEMBER_BYTES) {
        throw new ReplayInputError(
          `${file}: ${shown(name)} has ${member.originalSize} bytes; at most ${MAX_MEMBER_BYTES} are read.`,
        );
      }
      const content = guarded(file, () => unzipSync(bytes, { filter: (candidate) => candidate.name === name }))[name];
      if (content === undefined || content.length !== member.originalSize) {
        throw new ReplayInputError(`${file}: ${shown(name)} is damaged. Export it again.`);
      }
      return content;
    },
  };
}

function refuseZip64(bytes: Uint8Array, file: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lowest = Math.max(0, bytes.length - END_BYTES - MAX_COMMENT_BYTES);
  for (let at = bytes.length - END_BYTES; at >= lowest; at--) {
    if (view.getUint32(at, true) !== END_OF_DIRECTORY) continue;
    const locator = at - ZIP64_LOCATOR_BYTES;
    if (locator >= 0 && view.getUint32(locator, true) === ZIP64_LOCATOR) {
      throw new ReplayInputError(
        `${file} is a ZIP64 archive, which is not supported: unpack it and give the .json inside instead.`,
      );
    }
    return;
  }
  throw new ReplayInputError(`${file} is not a complete zip archive. Copy or export it again.`);
}

function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ReplayInputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReplayInputError(`${file} cannot be unpacked: ${reason}. Copy or export it again.`);
  }
}
