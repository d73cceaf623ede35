#!/usr/bin/env node
/** `npm run build`: the addon and the daemon, from what is installed. */

import { stopChildrenOnSignal } from "./lib/exec.mjs";
import { build, fail } from "./lib/prepare.mjs";

stopChildrenOnSignal();
build().catch(fail);
