/** The theme: as the system has it, or as the reader chose. */
import type { Redraw } from "./charts/redraw.js";
import { byId } from "./data.js";

const KEY = "talebridge-theme";

export function chooseTheme(redraw: Redraw): void {
  const choice = byId("theme");
  if (!(choice instanceof HTMLSelectElement)) return;
  choice.value = remembered();
  apply(choice.value);
  choice.addEventListener("change", () => {
    apply(choice.value);
    remember(choice.value);
    redraw.all();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw.all());
}

function apply(theme: string): void {
  if (theme === "") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Browsers may refuse storage to a page that is a file. */
function remembered(): string {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "";
  } catch {
    return "";
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
