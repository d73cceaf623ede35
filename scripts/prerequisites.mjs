#!/usr/bin/env node
/** Says what is missing on this machine, and how to get it: `node scripts/prerequisites.mjs [--test]`. Exit code 0 or 2. */

import { requirePrerequisites } from "./lib/prerequisites.mjs";

const python = requirePrerequisites({ forTests: process.argv.includes("--test") });
process.stdout.write(`everything needed is here (Python: ${python})\n`);
