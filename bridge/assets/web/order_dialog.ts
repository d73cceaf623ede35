/** Halting, reducing and resuming: asks why and for how long, then sends the order. */
import { el, setHidden, setText } from "./dom.js";

export interface Wanted {
  /** Empty: every live session. */
  readonly session: string;
  readonly status: "ACTIVE" | "REDUCING" | "HALTED";
}

const VERBS = { ACTIVE: "Resume", REDUCING: "Reduce", HALTED: "Halt" } as const;
const EFFECTS = {
  ACTIVE: "Entries are judged by the limits again.",
  REDUCING: "All entries are denied while positions are wound down. Exits go on.",
  HALTED: "All entries are denied. Exits go on.",
} as const;
const SPANS = [
  ["", "until resumed"],
  ["30m", "30 minutes"],
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["1d", "1 day"],
  ["7d", "7 days"],
] as const;

export class OrderDialog {
  readonly node = el("dialog", { "aria-labelledby": "order-title" });
  private readonly token: () => string;
  private readonly title = el("h2", { id: "order-title" });
  private readonly effect = el("p");
  private readonly why = el("input", { id: "order-why", maxlength: "200", required: "", autocomplete: "off" });
  private readonly span = el("select", { id: "order-span" });
  private readonly spanField: HTMLElement;
  private readonly problem = el("p", { class: "notice bad", role: "alert", hidden: "" });
  private readonly submit = el("button", { type: "submit", class: "primary" });
  private wanted: Wanted = { session: "", status: "ACTIVE" };

  constructor(token: () => string) {
    this.token = token;
    this.span.append(...SPANS.map(([value, text]) => el("option", { value }, text)));
    this.spanField = el("div", {}, el("label", { for: "order-span" }, "For"), this.span);
    const cancel = el("button", { type: "button" }, "Cancel");
    cancel.addEventListener("click", () => this.node.close());
    const form = el(
      "form",
      {},
      this.title,
      this.effect,
      el("div", {}, el("label", { for: "order-why" }, "Reason, for the journal"), this.why),
      this.spanField,
      this.problem,
      el("div", { class: "actions" }, cancel, this.submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    this.node.append(form);
  }

  open(wanted: Wanted): void {
    this.wanted = wanted;
    const verb = VERBS[wanted.status];
    setText(this.title, `${verb} ${wanted.session === "" ? "all live bots" : wanted.session}`);
    setText(this.effect, EFFECTS[wanted.status]);
    setText(this.submit, verb);
    this.submit.className = wanted.status === "HALTED" ? "danger" : "primary";
    setHidden(this.spanField, wanted.status === "ACTIVE");
    setHidden(this.problem, true);
    this.why.value = "";
    this.span.value = "";
    this.submit.disabled = false;
    this.node.showModal();
    this.why.focus();
  }

  private async send(): Promise<void> {
    const { session, status } = this.wanted;
    const span = status === "ACTIVE" || this.span.value === "" ? {} : { for: this.span.value };
    this.submit.disabled = true;
    const problem = await post(this.token(), { session, state: status, why: this.why.value, ...span });
    this.submit.disabled = false;
    setText(this.problem, problem ?? "");
    setHidden(this.problem, problem === null);
    if (problem === null) this.node.close();
  }
}

/** @returns what is wrong; null: done */
async function post(token: string, body: object): Promise<string | null> {
  try {
    const response = await fetch("/api/control", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.ok) return null;
    const answer: unknown = await response.json();
    return `Not done: ${String(Object(answer).error)}.`;
  } catch {
    return "The daemon does not answer: look at its state before you try again.";
  }
}
