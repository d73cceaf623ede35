/** The style sheet's colours, as a canvas takes them. */
const probe = document.createElement("span");

/** @param name of a custom property, e.g. "--with" */
export function color(name: string): string {
  probe.hidden = true;
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
