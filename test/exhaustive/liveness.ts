/** Whether a fair run can go on for ever and never come to rest. */

/** What is known of the states. */
export interface Facts {
  readonly threads: number;
  /** Whether nobody has anything to do any more in a state. */
  content(state: number): boolean;
  /** Whether a thread is obliged to move, if it is to be treated fairly. */
  mustMove(state: number, thread: number): boolean;
}

/**
 * Looks for a strongly connected set of states, over the moves that threads are obliged to, in which a weakly fair run can
 * stay (each thread moves in it, or is not obliged to somewhere in it) though in one of its states somebody has something to
 * do. Returns such a state.
 *
 * @param count - number of states
 * @param edges - where the edges of each state begin in `targets`, with one more entry at the end
 * @param targets - `state << 3 | thread << 1 | whether nothing obliges the move`
 */
export function fairFault(count: number, edges: Int32Array, targets: Int32Array, facts: Facts): number | undefined {
  const order = new Int32Array(count);
  const low = new Int32Array(count);
  const next = new Int32Array(count);
  const open = new Uint8Array(count);
  const stack = new Int32Array(count);
  const path = new Int32Array(count);
  let entered = 0;
  let height = 0;
  for (let root = 0; root < count; root++) {
    if (order[root] !== 0) continue;
    let depth = 0;
    path[0] = root;
    order[root] = low[root] = ++entered;
    next[root] = edges[root];
    stack[height++] = root;
    open[root] = 1;
    while (depth >= 0) {
      const state = path[depth];
      if (next[state] < edges[state + 1]) {
        const edge = targets[next[state]++];
        const target = edge >> 3;
        if (edge & 1) continue;
        if (order[target] === 0) {
          order[target] = low[target] = ++entered;
          next[target] = edges[target];
          stack[height++] = target;
          open[target] = 1;
          path[++depth] = target;
        } else if (open[target]) {
          low[state] = Math.min(low[state], order[target]);
        }
        continue;
      }
      depth--;
      if (depth >= 0) low[path[depth]] = Math.min(low[path[depth]], low[state]);
      if (low[state] !== order[state]) continue;
      let bottom = height;
      do open[stack[--bottom]] = 0;
      while (stack[bottom] !== state);
      const fault = faultIn(stack.subarray(bottom, height), edges, targets, facts);
      height = bottom;
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** A state of a strongly connected set in which somebody has something to do, if a fair run can stay in the set. */
function faultIn(
  set: Int32Array,
  edges: Int32Array,
  targets: Int32Array,
  { threads, content, mustMove }: Facts,
): number | undefined {
  const fault = set.find((state) => !content(state));
  if (fault === undefined) return undefined;
  // Sets of one state are the rule.
  const members = set.length > 1 ? new Set(set) : undefined;
  let moved = 0;
  let rested = 0;
  for (const state of set) {
    for (let i = edges[state]; i < edges[state + 1]; i++) {
      const target = targets[i] >> 3;
      if ((targets[i] & 1) === 0 && (members ? members.has(target) : target === state))
        moved |= 1 << ((targets[i] >> 1) & 3);
    }
    for (let thread = 0; thread < threads; thread++) if (!mustMove(state, thread)) rested |= 1 << thread;
  }
  const everybody = (1 << threads) - 1;
  return moved !== 0 && (moved | rested) === everybody ? fault : undefined;
}
