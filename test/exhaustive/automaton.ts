/**
 * A thread as an automaton. A node is what the thread does next, an edge the result of it. A node stands for a private state
 * between two calls and the results that the call has seen since; the real code runs once for each, from that state and
 * with those results.
 *
 * A thread that is about to sleep on the same value is the same whatever its call has seen before, if its private state is
 * the same and so is its stack: nothing that the library's waits keep on the stack differs then. So one call may sleep again and again
 * without being ever another node.
 */
import { IntList } from "./pools.ts";
import { type Operation, READ, type Recorder, SPURIOUS, WAIT, WRITE } from "./recorder.ts";
import type { Actor } from "./scenario.ts";
import type { Snapshot, Snapshots } from "./snapshot.ts";

/** Kinds of nodes that are no operation. */
export const DONE = 16;
export const FAILED = 17;

/** Operations that one call may take, with its waits: more are taken for a call that does not end. */
const LONGEST_CALL = 1000;

interface Outcome {
  readonly operation: Operation | undefined;
  readonly done: boolean;
  readonly failure: string | undefined;
}

/** One thread. */
export class Automaton {
  readonly kinds: IntList = new IntList();
  readonly at: IntList = new IntList();
  readonly a: IntList = new IntList();
  readonly b: IntList = new IntList();
  readonly labels: IntList = new IntList();
  /** Whether the call has seen a spurious wake-up already. */
  readonly woken: IntList = new IntList();
  /** What failed, by node. */
  readonly failures: Map<number, string> = new Map();
  private readonly parents = new IntList();
  private readonly results = new IntList();
  private readonly edges = new Map<number, Map<number, number>>();
  private readonly lastResult = new IntList();
  private readonly lastTarget = new IntList();
  private readonly roots = new Map<string, number>();
  private readonly snapshots: Map<number, Snapshot> = new Map();
  private readonly actor: Actor;
  private readonly recorder: Recorder;
  private readonly private: Snapshots;
  /** Nodes at which the thread is about to sleep. */
  private readonly sleeps = new Map<string, number>();
  private label = 0;
  private sleep: string | undefined;

  constructor(actor: Actor, recorder: Recorder, snapshots: Snapshots) {
    this.actor = actor;
    this.recorder = recorder;
    this.private = snapshots;
    recorder.onStop = ({ kind }) => {
      this.label = actor.label?.() ?? 0;
      this.sleep = kind === WAIT ? `${new Error().stack} ${snapshots.take().encoding}` : undefined;
    };
  }

  /** The node at which the thread begins. */
  start(): number {
    return this.between(false);
  }

  /** The node that a result leads to. */
  next(node: number, result: number): number {
    if (this.lastTarget.items[node] >= 0 && this.lastResult.items[node] === result) return this.lastTarget.items[node];
    const known = this.edges.get(node)?.get(result) ?? this.explore(node, result);
    this.lastResult.items[node] = result;
    this.lastTarget.items[node] = known;
    return known;
  }

  /** Whether the thread is between two calls. */
  isBetween(node: number): boolean {
    return this.parents.items[node] < 0;
  }

  private explore(node: number, result: number): number {
    const path = [result];
    let root = node;
    for (; this.parents.items[root] >= 0; root = this.parents.items[root]) path.unshift(this.results.items[root]);
    const target = this.run(root, path, node);
    const edges = this.edges.get(node) ?? new Map<number, number>();
    this.edges.set(node, edges.set(result, target));
    return target;
  }

  /** Runs a call with the results that it has seen; `parent` is the node before the last of them. */
  private run(root: number, path: readonly number[], parent: number): number {
    if (path.length > LONGEST_CALL) return this.fail(`a call takes more than ${LONGEST_CALL} operations`, parent, path);
    const outcome = this.replay(root, path);
    const { sleep } = this;
    const failure = outcome.failure ?? this.steeredByPayload(root, path, outcome);
    if (failure !== undefined) return this.fail(failure, parent, path);
    if (outcome.operation) return this.operate(outcome.operation, parent, path, sleep);
    // Again: the second run may have left another private state.
    if (path.length > 0) this.replay(root, path);
    return this.between(outcome.done);
  }

  private operate(operation: Operation, parent: number, path: readonly number[], sleep: string | undefined): number {
    const result = path.at(-1) ?? 0;
    if (sleep === undefined) return this.add(operation, parent, result);
    const key = `${this.isWoken(parent, result)} ${operation.at} ${operation.a} ${sleep}`;
    const node = this.sleeps.get(key) ?? this.add(operation, parent, result);
    this.sleeps.set(key, node);
    return node;
  }

  /** Whether a call that comes from a node with a result has been woken for no reason. */
  private isWoken(parent: number, result: number): number {
    if (parent < 0) return 0;
    return this.woken.items[parent] || (this.kinds.items[parent] === WAIT && result === SPURIOUS) ? 1 : 0;
  }

  private replay(root: number, path: readonly number[]): Outcome {
    const { recorder } = this;
    this.snapshots.get(root)?.restore();
    let done = false;
    try {
      const ended = recorder.replay(path, () => {
        done = this.actor.turn();
      });
      const failure = recorder.failure;
      return { operation: ended ? undefined : recorder.pending, done: ended && done, failure };
    } catch (error) {
      return { operation: undefined, done: false, failure: error instanceof Error ? `${error.stack}` : String(error) };
    }
  }

  /** Whether the thread would do something else if it had read other bytes. */
  private steeredByPayload(root: number, path: readonly number[], outcome: Outcome): string | undefined {
    const kinds = this.kindsAlong(path, root);
    if (!kinds.includes(READ)) return undefined;
    const other = this.replay(
      root,
      path.map((result, i) => (kinds[i] === READ ? (result + 77) & 0xff : result)),
    );
    const [is, would] = [outcome.operation, other.operation];
    const same =
      is?.kind === would?.kind &&
      is?.at === would?.at &&
      is?.b === would?.b &&
      (is?.a === would?.a || is?.kind === WRITE);
    return same && outcome.done === other.done ? undefined : "what the thread does depends on payload";
  }

  private kindsAlong(path: readonly number[], root: number): number[] {
    const kinds: number[] = [];
    let node = root;
    for (const result of path) {
      kinds.push(this.kinds.items[node]);
      node = this.edges.get(node)?.get(result) ?? -1;
    }
    return kinds;
  }

  /** The node at which the thread is between two calls, in the private state that it has now. */
  private between(done: boolean): number {
    const snapshot = this.private.take();
    const key = `${done} ${snapshot.encoding}`;
    const known = this.roots.get(key);
    if (known !== undefined) return known;
    const node = this.kinds.length;
    this.roots.set(key, node);
    this.snapshots.set(node, snapshot);
    if (done) {
      this.label = this.actor.label?.() ?? 0;
      return this.add({ kind: DONE, at: 0, a: 0, b: 0 }, -1, 0);
    }
    // Its number is taken before it is known what it does: a call without operations would come back to it.
    this.add({ kind: FAILED, at: 0, a: 0, b: 0 }, -1, 0);
    this.failures.set(node, "a call without operations changes nothing");
    const outcome = this.replay(node, []);
    if (outcome.failure !== undefined) {
      this.failures.set(node, outcome.failure);
    } else if (outcome.operation) {
      this.failures.delete(node);
      this.kinds.items[node] = outcome.operation.kind;
      this.at.items[node] = outcome.operation.at;
      this.a.items[node] = outcome.operation.a;
      this.b.items[node] = outcome.operation.b;
      this.labels.items[node] = this.label;
    } else {
      const next = this.between(outcome.done);
      this.roots.set(key, next);
      return next;
    }
    return node;
  }

  private add({ kind, at, a, b }: Operation, parent: number, result: number): number {
    this.kinds.push(kind);
    this.at.push(at);
    this.a.push(a);
    this.b.push(b);
    this.labels.push(this.label);
    this.parents.push(parent);
    this.results.push(result);
    this.woken.push(this.isWoken(parent, result));
    this.lastResult.push(0);
    return this.lastTarget.push(-1);
  }

  private fail(message: string, parent: number, path: readonly number[]): number {
    const node = this.add({ kind: FAILED, at: 0, a: 0, b: 0 }, parent, path.at(-1) ?? 0);
    this.failures.set(node, message);
    return node;
  }
}
