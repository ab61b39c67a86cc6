import { defineConfig, type ViteUserConfig } from "vitest/config";
import { mutantPlugin } from "./test/mutants/plugin.ts";

/** What needs both cores, or spins. */
const sequential = ["test/{exhaustive,hostile,mutants,spin,threads,wasm}/**/*.test.ts"];

const config: ViteUserConfig = defineConfig({
  plugins: [mutantPlugin(process.env["MUTANT"])],
  test: {
    pool: "forks",
    maxWorkers: 2,
    // In a test "ivc-ring" is the built package: Node loads it as it is.
    server: { deps: { external: [/\/dist\//] } },
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text", "html"] },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: sequential,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Both cores are theirs: one file at a time, after all else.
        extends: true,
        test: {
          name: "threads",
          include: sequential,
          fileParallelism: false,
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
