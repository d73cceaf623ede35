import { defineConfig } from "vitest/config";

// Forked processes, not worker threads: a worker that ends while a ZeroMQ receive is pending aborts the whole process.
export default defineConfig({
  test: {
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{bridge,demo,scripts}/test/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["e2e/*.test.ts"],
          // Each file drives real freqtrade processes; one file mostly waits for the minutes of a live bot.
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: "behaviours",
          include: ["e2e/behaviours/*.test.ts"],
          // Bots that wait for one thing after the other: a command of its own, `npm run e2e:behaviours`.
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
