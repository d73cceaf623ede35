/** Licence expressions (SPDX, and what older packages write) against a list of admitted ones. Pure. */

/** Permissive, or copyleft by file, which changes nothing for what merely uses it. */
export const ADMITTED = new Set([
  ...["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "Unlicense"],
  // NCSA is the text of MIT with the conditions of BSD-3-Clause.
  ...["CC0-1.0", "Zlib", "Unicode-3.0", "PSF-2.0", "Python-2.0", "NCSA"],
]);

/** What Python packages wrote before there were expressions. */
const ALIASES = new Map([
  ["MIT License", "MIT"],
  ["Apache Software License", "Apache-2.0"],
  ["Apache License 2.0", "Apache-2.0"],
  ["BSD License", "BSD-3-Clause"],
  ["Simplified BSD", "BSD-2-Clause"],
  ["Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"],
  ["Python Software Foundation License", "PSF-2.0"],
]);

/**
 * Whether a package under an expression may be used: one side of each OR suffices, every part of an AND is needed.
 * @param {string} expression
 * @param {ReadonlySet<string>} [admitted]
 * @returns {boolean} false for what cannot be read
 */
export function isAdmitted(expression, admitted = ADMITTED) {
  // Python's classifiers come separated by "; " and all apply; "MIT/Apache-2.0" is how crates wrote OR.
  const parts = expression.split("; ").map((part) => ALIASES.get(part.trim()) ?? part);
  const text = parts.join(" AND ").replaceAll("/", " OR ");
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  /** @returns {boolean} */
  const either = () => {
    let ok = both();
    while (words[at] === "OR") {
      at++;
      ok = both() || ok;
    }
    return ok;
  };
  const both = () => {
    let ok = one();
    while (words[at] === "AND") {
      at++;
      ok = one() && ok;
    }
    return ok;
  };
  /** @returns {boolean} */
  const one = () => {
    if (words[at] === "(") {
      at++;
      const ok = either();
      if (words[at] !== ")") return false;
      at++;
      return ok;
    }
    const name = words[at++];
    // An exception permits more than its licence does.
    if (words[at] === "WITH") at += 2;
    return name !== undefined && admitted.has(name);
  };
  const ok = either();
  return ok && at === words.length;
}
