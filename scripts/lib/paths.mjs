/** Where things are in a checkout. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Stamps, logs and the set-up lock; ignored by git, safe to delete. */
export const CACHE = join(ROOT, ".cache");
export const LOGS = join(CACHE, "logs");
export const VENV = join(ROOT, ".venv");
export const VENV_PYTHON = join(VENV, "bin", "python");
export const ADDON = join(ROOT, "bridge", "native", "engine.node");
/** The addon with injected faults, for tests and campaigns; kept apart from what is shipped. */
export const FAULTY_ADDON = join(CACHE, "engine-faults.node");
