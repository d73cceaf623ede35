/**
 * All that is used of typebox, in one module: typebox is seven hundred files, and finding and reading them took half of the daemon's start. The
 * build puts the code of those that are needed into this module's output (scripts/lib/bundle.mjs); without that it works the same, later.
 */
export { type Static, type TProperties, type TSchema, Type } from "typebox";
export { Compile } from "typebox/compile";
export { Value } from "typebox/value";
