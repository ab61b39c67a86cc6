/** The tests of the project "unit", as Stryker runs them for each mutant: modules are loaded once, and what is slow comes last. */
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that share their modules. Between these lists they cannot: src/memory.ts is mocked, or guests are left attached. */
const lists: Record<string, string[]> = {
  unit: ["test/unit/{ring,hypervisor}/*.test.ts"],
  schedules: ["test/unit/hypervisor/{schedules*,latches,late-word}.test.ts"],
  golden: ["test/golden/*.test.ts"],
  tegra: ["test/unit/tegra/*.test.ts"],
  model: ["test/{model,unit/streams}/*.test.ts"],
};

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const slow = ({ moduleId }: TestSpecification): number => Number(/waits|streams/.test(moduleId));
    return files.toSorted((a, b) => slow(a) - slow(b));
  }
}

const config: ViteUserConfig = defineConfig({
  test: {
    isolate: false,
    setupFiles: ["test/mutants/setup.ts"],
    env: { MODEL_SEED: "1", MODEL_RUNS: "0.02" },
    sequence: { sequencer: QuickFirst },
    projects: Object.entries(lists).map(([name, include], groupOrder) => ({
      extends: true,
      test: {
        name,
        include,
        exclude: name === "unit" ? (lists["schedules"] as string[]) : [],
        sequence: { groupOrder },
      },
    })),
  },
});

export default config;
