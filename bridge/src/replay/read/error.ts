/** An input the replay cannot use. `message` names the thing and the fix; shown to the user as it is. */
export class ReplayInputError extends Error {
  override readonly name = "ReplayInputError";
}

const MAX_SHOWN_CHARS = 60;

/** A text from a file made fit for a one-line message: control characters replaced, length bounded. */
export function shown(text: string): string {
  const printable = text.replace(/\p{C}/gu, "�");
  return JSON.stringify(printable.length > MAX_SHOWN_CHARS ? `${printable.slice(0, MAX_SHOWN_CHARS)}…` : printable);
}
