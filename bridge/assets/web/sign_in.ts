/** Asks for the token. */
import { el } from "./dom.js";

/** Shows the form in place of the page and resolves with what is typed. @param problem said above it; empty: none */
export function askForToken(main: HTMLElement, problem: string): Promise<string> {
  const input = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: "" });
  const form = el(
    "form",
    { class: "card sign-in" },
    el("h2", {}, "Sign in"),
    el(
      "p",
      {},
      "Run ",
      el("code", {}, "talebridge web"),
      " where the daemon runs and open the address it prints, or paste the token.",
    ),
    el("label", { for: "token" }, "Token"),
    input,
    el("button", { type: "submit", class: "primary" }, "Watch"),
  );
  if (problem !== "") form.prepend(el("p", { class: "notice bad", role: "alert" }, problem));
  main.replaceChildren(form);
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = input.value.trim();
      if (typed === "") return;
      // The whole address may be pasted as well.
      resolve(typed.split("#token=").at(-1) ?? typed);
    });
  });
}
