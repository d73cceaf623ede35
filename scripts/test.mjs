#!/usr/bin/env node
/** `npm test`: set-up, build, every lint, type check and test, then a table and the counts. */

import { requirePrerequisites } from "./lib/prerequisites.mjs";

const python = requirePrerequisites({ forTests: true });
// Imported only now: this module needs the Node that was just checked for.
import("./lib/test-main.mjs").then(({ main }) => main(process.argv.slice(2), python));
