/** All scenarios. */
import type { Scenario } from "./scenario.ts";
import { bothWays } from "./scenarios/both-ways.ts";
import { deaths } from "./scenarios/deaths.ts";
import { lines } from "./scenarios/lines.ts";
import { loopback } from "./scenarios/loopback.ts";
import { owners } from "./scenarios/owners.ts";
import { resets } from "./scenarios/resets.ts";
import { rungResets } from "./scenarios/rung-resets.ts";
import { signals } from "./scenarios/signals.ts";
import { streams } from "./scenarios/streams.ts";

export const scenarios: readonly Scenario[] = [
  ...streams,
  ...bothWays,
  ...signals,
  ...lines,
  ...loopback,
  ...owners,
  ...resets,
  ...rungResets,
  ...deaths,
];
