#!/usr/bin/env node
/** `npm run setup`: installs what the lock files name and builds. Does nothing the second time. */

import { requirePrerequisites } from "./lib/prerequisites.mjs";

const python = requirePrerequisites({ forTests: false });
// Imported only now: these modules need the Node that was just checked for.
Promise.all([import("./lib/prepare.mjs"), import("./lib/exec.mjs")]).then(([{ prepare, fail }, exec]) => {
  exec.stopChildrenOnSignal();
  prepare(python).catch(fail);
});
