/** Progress on stderr: what runs, since when, and what came of it. */

const HEARTBEAT_MS = 15_000;
const startedAt = performance.now();

/** @returns {number} seconds since this process began to report */
export function elapsedSeconds() {
  return (performance.now() - startedAt) / 1000;
}

/** @param {number} seconds */
export function formatSeconds(seconds) {
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`[${elapsedSeconds().toFixed(1).padStart(6)} s] ${text}\n`);
}

/**
 * Runs one step and reports it. A step that takes long says every few seconds that it is still at it.
 * @template {string | { readonly outcome: string }} T
 * @param {string} name
 * @param {() => Promise<T>} work its result, or the result's `outcome`, is what is reported
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const began = performance.now();
  const since = () => formatSeconds((performance.now() - began) / 1000);
  const heartbeat = setInterval(() => say(`${name}: still at it (${since()})`), HEARTBEAT_MS);
  try {
    const result = await work();
    say(`${name}: ${typeof result === "string" ? result : result.outcome} (${since()})`);
    return result;
  } catch (error) {
    say(`${name}: failed (${since()})`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
