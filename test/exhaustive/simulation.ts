/**
 * A scenario's threads on their simulated memory: what each may do, and what becomes of the state when it does. A state is
 * what the memory holds, who knows of which plain access, and the node of each thread.
 */
import { Automaton, DONE, FAILED } from "./automaton.ts";
import { Host } from "./host.ts";
import { Knowledge } from "./knowledge.ts";
import type { Library } from "./library.ts";
import { Machine, VOID, WORDS } from "./machine.ts";
import {
  AWAKE,
  CHOOSE,
  changed,
  IDLE,
  IMMEDIATE,
  LOAD,
  NOTIFIED,
  NOTIFY,
  READ,
  Recorder,
  SPURIOUS,
  STORE,
  TIMED_OUT,
  TIMER,
  WAIT,
  WAIT_ASYNC,
  WRITE,
} from "./recorder.ts";
import { CONTENT, type Scenario, type Thread, type View, type World } from "./scenario.ts";
import { Snapshots } from "./snapshot.ts";

/** What a thread may do in a state, besides its next step. */
const STEP = 0;
const TIME_OUT = 1;
const WAKE_FOR_NOTHING = 2;
const DIE = 3;
const BE_NOTIFIED = 4;
const BEGIN = 5;
/** Dies, and is sure to do so sooner or later. */
const END = 6;
/** The first of the ways that it may choose. */
export const CHOICE = 8;

/** A thread and what it does: `thread << 4 | branch`. */
export type Move = number;

/** Bits below the node in a thread's component: asleep in a wait; notified; asked to be notified; was. */
const ASLEEP = 1;
const ROUSED = 2;
const ASKED = 4;
const TOLD = 8;
const FLAGS = 4;
/** Nodes that are no node of an automaton. */
const UNBORN = -1;
const DEAD = -2;

/** Makes the library anew, for one thread. */
export type Instantiate = (recorder: Recorder, host: Host) => Library;

/** One state of one scenario, and how it changes. */
export class Simulation {
  readonly machine: Machine;
  readonly threads: readonly Thread[];
  /** What the words hold, then the cells. */
  readonly memory: Int32Array;
  readonly knowledge: Knowledge;
  /** The node of each thread, and whether it sleeps. */
  readonly threadStates: Int32Array;
  /** What is wrong with the last move. */
  fault: string | undefined;
  /** What the last move did, for people; kept only if asked for. */
  log: string[] | undefined;
  private readonly scenario: Scenario;
  private readonly world: World;
  private readonly automata: Automaton[] = [];
  private readonly firstNodes: number[] = [];

  constructor(scenario: Scenario, instantiate: Instantiate) {
    this.scenario = scenario;
    const machine = new Machine();
    // The memory is laid out by a thread that takes no further part.
    const host = new Host();
    this.world = scenario.build(machine, instantiate(new Recorder(machine, host, new Int32Array(0)), host));
    machine.settingUp = false;
    const { threads, constants } = this.world;
    this.machine = machine;
    this.threads = threads;
    const cells = new Int32Array(machine.cells.length).fill(VOID);
    for (const thread of threads) {
      const host = new Host();
      const recorder = new Recorder(machine, host, cells);
      const library = instantiate(recorder, host);
      const environment = { library, host, recorder };
      const actor = thread.start(environment);
      recorder.freeze();
      const snapshots = new Snapshots([actor, library.attachedGuests, host], [...constants, environment]);
      const automaton = new Automaton(actor, recorder, snapshots);
      this.automata.push(automaton);
      this.firstNodes.push(automaton.start());
    }
    this.knowledge = new Knowledge(cells.length, threads.length);
    this.memory = new Int32Array(WORDS + cells.length);
    this.memory.set(machine.initial);
    this.memory.set(cells, WORDS);
    this.threadStates = Int32Array.from(threads, ({ after }, thread) => {
      return (after === undefined ? this.firstNodes[thread] : UNBORN) << FLAGS;
    });
  }

  /** Nodes of all automata. */
  get nodes(): number {
    return this.automata.reduce((sum, { kinds }) => sum + kinds.length, 0);
  }

  /** What the scenario's invariant says is wrong. */
  broken(): string | undefined {
    return this.world.invariant?.(this.view);
  }

  private readonly view: View = {
    word: (buffer, byteOffset) => this.memory[this.machine.word(buffer, byteOffset)],
    label: (thread) => this.labelOf(thread, this.threadStates[thread] >> FLAGS),
    between: (thread) => this.automata[thread].isBetween(this.threadStates[thread] >> FLAGS),
  };

  private labelOf(thread: number, node: number): number {
    return node < 0 ? -1 : this.automata[thread].labels.items[node];
  }

  /** Whether no thread has anything to do any more. */
  get content(): boolean {
    for (let thread = 0; thread < this.threads.length; thread++) {
      const node = this.threadStates[thread] >> FLAGS;
      if (node < 0 || this.automata[thread].kinds.items[node] === DONE) continue;
      if ((this.labelOf(thread, node) & CONTENT) === 0) return false;
    }
    return true;
  }

  /** Whether a thread has to go on, if it is treated fairly. */
  mustMove(thread: number): boolean {
    return this.branches(thread).some((branch) => !isFree(branch));
  }

  /** What a thread may do. */
  branches(thread: number): readonly number[] {
    const component = this.threadStates[thread];
    const node = component >> FLAGS;
    const { after, mortal } = this.threads[thread];
    if (node === DEAD) return NOTHING;
    if (node === UNBORN) return this.threadStates[after as number] >> FLAGS === DEAD ? BIRTH : NOTHING;
    const { kinds, a, b, woken } = this.automata[thread];
    const kind = kinds.items[node];
    if (kind === DONE || kind === FAILED) return NOTHING;
    const branches: number[] = [];
    if (kind === WAIT && component & ASLEEP) {
      if (component & ROUSED) branches.push(STEP);
      else {
        if (this.scenario.timeouts) branches.push(TIME_OUT);
        if (this.scenario.spurious && woken.items[node] === 0) branches.push(WAKE_FOR_NOTHING);
      }
    } else if (kind === IDLE) {
      if (a.items[node]) branches.push(STEP);
      if (component & TOLD) branches.push(BE_NOTIFIED);
      if (this.scenario.timeouts && b.items[node]) branches.push(TIME_OUT);
    } else if (kind === CHOOSE) {
      for (let way = 0; way < a.items[node]; way++) branches.push(CHOICE + way);
    } else {
      branches.push(STEP);
    }
    if (mortal) branches.push(mortal === "surely" ? END : DIE);
    return branches;
  }

  /** Makes the state that a move leads to. */
  take(thread: number, branch: number): void {
    const { threadStates } = this;
    const component = threadStates[thread];
    const flags = component & (ASKED | TOLD);
    if (branch === DIE || branch === END) {
      this.log?.push("dies");
      threadStates[thread] = DEAD << FLAGS;
      return;
    }
    if (branch === BEGIN) {
      this.log?.push("begins");
      this.knowledge.inherit(thread, this.threads[thread].after as number);
      this.follow(thread, this.firstNodes[thread], 0);
      return;
    }
    const node = component >> FLAGS;
    const automaton = this.automata[thread];
    const kind = automaton.kinds.items[node];
    const at = automaton.at.items[node];
    const a = automaton.a.items[node];
    if (kind === WAIT) {
      if (component & ASLEEP) {
        const result = branch === STEP ? AWAKE : branch === TIME_OUT ? TIMED_OUT : SPURIOUS;
        this.log?.push(["is woken", "times out", "wakes for no reason"][result] as string);
        this.go(thread, node, result, flags);
        return;
      }
      this.knowledge.acquire(thread, at);
      if (this.memory[at] === (a | 0)) {
        this.log?.push(`sleeps on ${this.machine.words[at].name}`);
        threadStates[thread] = component | ASLEEP;
      } else {
        this.log?.push(`does not sleep: ${this.machine.words[at].name} is ${this.memory[at]}`);
        this.go(thread, node, AWAKE, flags);
      }
      return;
    }
    if (kind === WAIT_ASYNC) {
      this.knowledge.acquire(thread, at);
      const asks = this.memory[at] === (a | 0);
      this.log?.push(`${asks ? "asks" : "need not ask"} to be notified of ${this.machine.words[at].name}`);
      if (asks && flags !== 0) this.fault = "asks to be notified while it has asked already";
      this.go(thread, node, asks ? 1 : 0, asks ? ASKED : flags);
      return;
    }
    if (kind === IDLE) {
      const result = branch === STEP ? IMMEDIATE : branch === BE_NOTIFIED ? NOTIFIED : TIMER;
      this.log?.push(["runs an immediate", "runs what waited to be notified", "runs a timer"][result] as string);
      this.go(thread, node, result, result === NOTIFIED ? 0 : flags);
      return;
    }
    if (kind === CHOOSE) {
      this.log?.push(`chooses way ${branch - CHOICE}`);
      this.go(thread, node, branch - CHOICE, flags);
      return;
    }
    if (kind === NOTIFY) {
      this.log?.push(`notifies ${this.machine.words[at].name}`);
      this.rouse(at);
      this.go(thread, node, 0, flags);
      return;
    }
    this.go(thread, node, this.touch(thread, kind, at, a, automaton.b.items[node]), flags);
  }

  /** An atomic operation that returns a value. */
  private touch(thread: number, kind: number, at: number, a: number, b: number): number {
    const { memory, knowledge, machine } = this;
    const old = memory[at];
    if (kind !== STORE) knowledge.acquire(thread, at);
    const value = changed(kind, old, a, b);
    if (this.log) this.log.push(describe(machine.words[at].name, kind, old, value));
    if (kind === LOAD) return old;
    const { owner, shared, txCountOf, name } = machine.words[at];
    const owned = owner === this.threads[thread].guest;
    if (!owned && (kind === STORE || !shared)) this.fault = `${name} is written by another than its one writer`;
    memory[at] = value;
    knowledge.release(thread, at);
    if (kind !== STORE) return old;
    if (txCountOf && value === 0 && (-old >>> 0 > txCountOf.nframes || old === 0)) {
      const cells = (txCountOf.nframes * txCountOf.frameSize) / txCountOf.cellSize;
      memory.fill(VOID, WORDS + txCountOf.firstCell, WORDS + txCountOf.firstCell + cells);
    }
    return 0;
  }

  /** Wakes whoever sleeps on a word, or has asked to be notified of it. */
  private rouse(word: number): void {
    const { threadStates } = this;
    for (let thread = 0; thread < this.threads.length; thread++) {
      const component = threadStates[thread];
      const node = component >> FLAGS;
      if (node < 0) continue;
      if (component & ASLEEP && this.automata[thread].at.items[node] === word) threadStates[thread] |= ROUSED;
      // A thread asks for its guest's wake word only, and nobody else has that one.
      if (component & ASKED && this.askedFor(thread) === word) threadStates[thread] = (component & ~ASKED) | TOLD;
    }
  }

  private askedFor(thread: number): number {
    return this.world.wakeWord?.(thread) ?? -1;
  }

  private go(thread: number, node: number, result: number, flags: number): void {
    this.follow(thread, this.automata[thread].next(node, result), flags);
  }

  /** Enters a node, after the plain accesses that come before it. */
  private follow(thread: number, first: number, flags: number): void {
    const automaton = this.automata[thread];
    const { memory, knowledge } = this;
    let node = first;
    for (;;) {
      const kind = automaton.kinds.items[node];
      const cell = automaton.at.items[node];
      if (kind === READ) {
        if (!knowledge.read(thread, cell)) this.fault = `a race: ${this.machine.cells[cell]} is read`;
        const value = memory[WORDS + cell];
        this.log?.push(`reads ${this.machine.cells[cell]}: ${value}`);
        node = automaton.next(node, value);
      } else if (kind === WRITE) {
        if (!knowledge.write(thread, cell)) this.fault = `a race: ${this.machine.cells[cell]} is written`;
        memory[WORDS + cell] = automaton.a.items[node];
        this.log?.push(`writes ${this.machine.cells[cell]}: ${memory[WORDS + cell]}`);
        node = automaton.next(node, 0);
      } else break;
    }
    if (automaton.kinds.items[node] === FAILED) this.fault ??= automaton.failures.get(node);
    this.threadStates[thread] = (node << FLAGS) | flags;
  }
}

const NOTHING: readonly number[] = [];
const BIRTH: readonly number[] = [BEGIN];

/** Whether nothing obliges a thread to a move. */
export function isFree(branch: number): boolean {
  return branch === TIME_OUT || branch === WAKE_FOR_NOTHING || branch === DIE;
}

const VERBS = ["loads", "stores", "exchanges", "compares and exchanges", "adds to", "ors", "ands"];

function describe(name: string, kind: number, old: number, value: number): string {
  return kind === LOAD ? `loads ${name}: ${old >>> 0}` : `${VERBS[kind]} ${name}: ${old >>> 0} → ${value >>> 0}`;
}
