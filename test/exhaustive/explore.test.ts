import { expect, test } from "vitest";
import { type Figures, sample } from "../helpers/gate.ts";

const DEADLINE = 150_000;

test(
  "every interleaving of the sample's scenarios keeps its promises",
  async () => {
    const figures: Figures = await sample("build/checks/explore.js", DEADLINE);
    const figure = (label: string): number => {
      const found = figures.find(([name]) => name.startsWith(label));
      return Number(found?.[1].replaceAll(",", ""));
    };
    expect(figure("scenarios")).toBeGreaterThanOrEqual(25);
    expect(figure("states")).toBeGreaterThanOrEqual(1_000_000);
  },
  DEADLINE + 5_000,
);
