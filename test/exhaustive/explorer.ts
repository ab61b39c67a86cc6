/** Explores all interleavings of the operations of several threads: breadth first, every state once. */
import { fairFault } from "./liveness.ts";
import { IntList, TupleSet } from "./pools.ts";
import type { Scenario } from "./scenario.ts";
import { CHOICE, type Instantiate, isFree, type Move, Simulation } from "./simulation.ts";

/** What was found. */
export interface Result {
  readonly states: number;
  readonly transitions: number;
  /** Nodes of the automata. */
  readonly nodes: number;
  readonly violation: Violation | undefined;
}

/** What must not be, and a run that leads to it. */
export interface Violation {
  readonly message: string;
  readonly moves: readonly Move[];
}

/** How the explorer is limited. */
export interface Limits {
  /** States above which a scenario counts as not explored. */
  readonly states: number;
  /** Longest exploration, in s. */
  readonly seconds?: number;
}

/** The exploration of one scenario. */
export class Explorer {
  private readonly scenario: Scenario;
  private readonly simulation: Simulation;
  private readonly memories: TupleSet;
  private readonly knowledges: TupleSet;
  private readonly states: TupleSet;
  /** A state: the numbers of its memory and of its knowledge, and its threads. */
  private readonly state: Int32Array;
  private readonly parents = new IntList();
  private readonly moves = new IntList();
  /** Of each state, where its edges begin in `targets`. */
  private readonly edges = new IntList();
  /** `state << 3 | thread << 1 | whether nothing obliges the move`. */
  private readonly targets = new IntList();
  /** States that have a fault, if another is looked for. */
  private readonly ended = new Set<number>();

  constructor(scenario: Scenario, instantiate: Instantiate) {
    this.scenario = scenario;
    this.simulation = new Simulation(scenario, instantiate);
    const { memory, knowledge, threads } = this.simulation;
    this.memories = new TupleSet(memory.length);
    this.knowledges = new TupleSet(knowledge.sets.length);
    this.states = new TupleSet(2 + threads.length);
    this.state = new Int32Array(2 + threads.length);
  }

  /** Explores all of it, or up to the first violation. */
  run({ states: limit, seconds = Number.POSITIVE_INFINITY }: Limits): Result {
    const { simulation, states } = this;
    const end = performance.now() + 1000 * seconds;
    this.enter(-1, 0);
    let violation: Violation | undefined;
    for (let id = 0; id < states.count && !violation; id++) {
      if (states.count > limit) throw new Error(`${this.scenario.name}: more than ${limit} states`);
      if (id % 4096 === 0 && performance.now() > end) throw new Error(`${this.scenario.name}: more than ${seconds} s`);
      violation = this.leave(id);
    }
    this.edges.push(this.targets.length);
    if (!violation && this.looksFor(UNENDING)) {
      const fault = fairFault(states.count, this.edges.items, this.targets.items, {
        threads: simulation.threads.length,
        content: (id) => {
          this.loadThreads(id);
          return simulation.content;
        },
        mustMove: (id, thread) => {
          this.loadThreads(id);
          return simulation.mustMove(thread);
        },
      });
      if (fault !== undefined) violation = this.violation(UNENDING, fault);
    }
    return { states: states.count, transitions: this.targets.length, nodes: simulation.nodes, violation };
  }

  /** Takes every move of a state. */
  private leave(id: number): Violation | undefined {
    const { simulation } = this;
    this.edges.push(this.targets.length);
    if (this.ended.has(id)) return undefined;
    let obliged = false;
    for (let thread = 0; thread < simulation.threads.length; thread++) {
      this.loadThreads(id);
      for (const branch of simulation.branches(thread)) {
        const free = isFree(branch);
        const move = (thread << 4) | branch;
        if (!free) obliged = true;
        this.load(id);
        simulation.fault = undefined;
        simulation.take(thread, branch);
        const target = this.enter(id, move);
        if (simulation.fault === undefined) {
          this.targets.push((target << 3) | (thread << 1) | (free || branch >= CHOICE ? 1 : 0));
        } else if (this.looksFor(simulation.fault)) {
          return this.violation(simulation.fault, id, move);
        } else {
          this.ended.add(target);
        }
      }
    }
    this.loadThreads(id);
    if (obliged || simulation.content || !this.looksFor(STUCK)) return undefined;
    return this.violation(STUCK, id);
  }

  private looksFor(fault: string): boolean {
    return this.scenario.finds?.test(fault) ?? true;
  }

  private load(id: number): void {
    this.loadThreads(id);
    this.memories.read(this.state[0], this.simulation.memory);
    this.knowledges.read(this.state[1], this.simulation.knowledge.sets);
  }

  private loadThreads(id: number): void {
    const { state } = this;
    const { threadStates } = this.simulation;
    this.states.read(id, state);
    for (let thread = 0; thread < threadStates.length; thread++) threadStates[thread] = state[2 + thread];
  }

  /** The number of the state that has been made. */
  private enter(parent: number, move: Move): number {
    const { simulation, state } = this;
    state[0] = this.memories.intern(simulation.memory);
    state[1] = this.knowledges.intern(simulation.knowledge.sets);
    state.set(simulation.threadStates, 2);
    const before = this.states.count;
    const id = this.states.intern(state);
    if (id !== before) return id;
    this.parents.push(parent);
    this.moves.push(move);
    simulation.fault ??= simulation.broken();
    return id;
  }

  private violation(message: string, id: number, last?: Move): Violation {
    const moves = last === undefined ? [] : [last];
    for (let at = id; this.parents.items[at] >= 0; at = this.parents.items[at]) moves.push(this.moves.items[at]);
    return { message, moves: moves.reverse() };
  }
}

const STUCK = "nobody can go on, and somebody has to";
const UNENDING = "a fair run goes on for ever, and somebody never comes to rest";

/** Runs given moves, and tells what each does. */
export function replay(scenario: Scenario, instantiate: Instantiate, moves: readonly Move[]): string[] {
  const simulation = new Simulation(scenario, instantiate);
  const lines: string[] = [];
  for (const move of moves) {
    simulation.log = [];
    simulation.fault = undefined;
    simulation.take(move >> 4, move & 15);
    const fault = simulation.fault ?? simulation.broken();
    for (const line of simulation.log) lines.push(`${simulation.threads[move >> 4].name}: ${line}`);
    if (fault !== undefined) lines.push(`!! ${fault}`);
  }
  return lines;
}
