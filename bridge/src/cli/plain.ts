/** A client's text, shown on a terminal: whatever would steer one is shown as "?". */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
