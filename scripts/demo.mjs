#!/usr/bin/env node
/** `npm run demo`: from a clone to a report. Checks, installs, builds and runs; does only what is left to do the next time. */

import { requirePrerequisites } from "./lib/prerequisites.mjs";

const python = requirePrerequisites({ forTests: false });
// Imported only now: this module needs the Node that was just checked for.
import("./lib/demo-main.mjs").then(({ main }) => main(process.argv.slice(2), python));
