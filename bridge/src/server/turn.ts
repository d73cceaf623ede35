/** How long one thing may keep the only thread from the others. */

/** The longest a queue of messages is worked off without looking at anything else. */
export const TURN_MS = 5;
/** What keeps failing must not keep the processor busy. */
export const RETRY_MS = 100;
