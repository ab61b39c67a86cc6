/** Writes down how the mutants ended. */
import type { Fate } from "./gate.ts";

const HEAD = `# Mutants

Each row is a wrong version of the protocol, and what tells it from the right one: a scenario of the explorer (test/exhaustive),
or a unit test, whichever the mutant's hint names first. \`npm run mutants\` makes this table.

| layer | mutant | killed by | how |
|---|---|---|---|
`;

/** The table, in Markdown. */
export function table(fates: readonly Fate[]): string {
  const rows = fates.map(({ layer, mutant, killer, byTest, how }) =>
    [layer, mutant.name, `${byTest ? "test" : "explorer"}: ${killer ?? "**survives**"}`, how].map(cell).join(" | "),
  );
  return `${HEAD}${rows.map((row) => `| ${row} |\n`).join("")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\u001b", "").slice(0, 160);
}
