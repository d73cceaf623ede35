#!/usr/bin/env node
/** Builds the addon that panics on demand (engine-rs/src/fault.rs); its path is the last line of stdout. */

import { stopChildrenOnSignal } from "./lib/exec.mjs";
import { FAULTY_ADDON } from "./lib/paths.mjs";
import { buildFaults, fail } from "./lib/prepare.mjs";

stopChildrenOnSignal();
buildFaults()
  .then(() => process.stdout.write(`${FAULTY_ADDON}\n`))
  .catch(fail);
