/** Mutants of the reset handshake. */
import { editsOf, type Mutant } from "./mutant.ts";

const channel = editsOf("ring/channel.ts");
const statesFile = editsOf("ring/states.ts");
const tx = editsOf("ring/tx.ts");
const rx = editsOf("ring/rx.ts");
const cookie = editsOf("hypervisor/cookie.ts");

const CLEAR =
  "        if (next === ACK || this.link.state === SYNC) {\n          this.clear();\n          cleared = true;\n        }\n";
const COMMIT = "        done = this.states.commit(sample, next);\n";
const ENTERED = `          this.enter(next);
          if (next === ESTABLISHED) this.settled?.();
          this.bell?.ring();
          return true;`;
const EXCHANGE = "if (compareExchange(this.word, 0, sample, next) !== sample) return false; // SYNC state";

/** Clears only if a condition holds. */
const clearsIf = (condition: string) => [
  channel("if (next === ACK || this.link.state === SYNC) {", `if (${condition}) {`),
];

export const states: readonly Mutant[] = [
  // The table
  {
    name: "clears only on the way to ACK: survives while both ends reset, dies by the stale counts of one that reset alone",
    edits: clearsIf("next === ACK"),
    hint: "resets, 2 slots, from 2147483647",
  },
  {
    name: "clears only on the way from SYNC to ESTABLISHED: dies by the stale counts of an end that was reset by its peer",
    edits: clearsIf("next === ESTABLISHED && this.link.state === SYNC"),
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "clears own tx.count but not own rx.count: survives an end that only sends, dies by the frames that one received",
    edits: [channel("    this.rx.clear();\n", "")],
    hint: "resets, 1 slots, from 0",
    sample: true,
  },
  {
    name: "clears own rx.count but not own tx.count: survives an end that only receives, dies by the frames that one sent",
    edits: [channel("    this.tx.clear();\n", "")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "clears the private count but not the shared tx.count",
    edits: [
      tx("    this.dropCache();\n    store(this.queue.words, TX_COUNT, 0); // SYNC clear\n", "    this.dropCache();\n"),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "clears the private count but not the shared rx.count",
    edits: [
      rx("    this.dropCache();\n    store(this.queue.words, RX_COUNT, 0); // SYNC clear\n", "    this.dropCache();\n"),
    ],
    hint: "resets, 2 slots, from 2147483647",
  },
  {
    name: "clears the shared tx.count but goes on from the private one",
    edits: [tx("    this.count = 0;\n    this.position = 0;", "    this.position = 0;")],
    hint: "test/unit/hypervisor/loopback",
  },
  {
    name: "keeps the tx position when it clears",
    edits: [tx("    this.count = 0;\n    this.position = 0;", "    this.count = 0;")],
    hint: "test/unit/hypervisor/loopback",
  },
  {
    name: "keeps the rx position when it clears",
    edits: [rx("    this.count = 0;\n    this.position = 0;", "    this.count = 0;")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "an end in ACK takes no notice of a new SYNC",
    edits: [channel("  if (peer === SYNC) return ACK;", "  if (peer === SYNC && own !== ACK) return ACK;")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "an end in SYNC waits for ESTABLISHED instead of ACK",
    edits: [channel("(own === SYNC && peer === ACK)", "(own === SYNC && peer === ESTABLISHED)")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "an end in ACK waits for ACK",
    edits: [channel("if (own === ACK ||", "if ((own === ACK && peer === ACK) ||")],
    hint: "resets, 1 slots, from 0",
  },
  // The order of a step
  {
    name: "stores the new state before it clears",
    edits: [
      channel(CLEAR, "        const before = this.link.state;\n"),
      channel(ENTERED, `          if (next === ACK || before === SYNC) this.clear();\n${ENTERED}`),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "stores ACK before it clears",
    edits: [
      channel(CLEAR, CLEAR.replace("next === ACK || this", "this")),
      channel(ENTERED, `          if (next === ACK) this.clear();\n${ENTERED}`),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "stores ESTABLISHED before it clears",
    edits: [
      channel(
        CLEAR,
        `        const before = this.link.state;\n${CLEAR.replace("next === ACK || this.link.state === SYNC", "next === ACK")}`,
      ),
      channel(ENTERED, `          if (next === ESTABLISHED && before === SYNC) this.clear();\n${ENTERED}`),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "rings before it stores the new state",
    edits: [
      channel(COMMIT, `        this.bell?.ring();\n${COMMIT}`),
      channel("this.settled?.();\n          this.bell?.ring();", "this.settled?.();"),
    ],
    hint: "test/golden/handshake",
  },
  {
    name: "takes the step whose exchange has failed",
    edits: [channel(COMMIT, "        this.states.commit(sample, next);\n        done = true;\n")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "forgets the step whose exchange has failed",
    edits: [channel("const STEP_TRIES = 4;", "const STEP_TRIES = 1;"), channel("    return done;", "    return true;")],
    hint: "test/model",
  },
  {
    name: "a step that could not be done is not done later",
    edits: [cookie("if (!this.channel.step()) interrupts.latch(this.line, RING_DUE);", "this.channel.step();")],
    hint: "test/golden",
  },
  {
    name: "an established end that has cleared for a SYNC that was taken back does not reset",
    edits: [channel("    if (cleared && this.link.state === ESTABLISHED) this.reset();\n", "")],
    hint: "test/golden",
  },
  // Rings
  {
    name: "a reset does not ring",
    edits: [channel("    this.enter(SYNC);\n    this.bell?.ring();", "    this.enter(SYNC);")],
    hint: "test/golden/handshake",
  },
  {
    name: "ACK does not ring",
    edits: [
      channel(
        "this.settled?.();\n          this.bell?.ring();",
        "this.settled?.();\n          if (next === ESTABLISHED) this.bell?.ring();",
      ),
    ],
    hint: "test/golden/handshake",
  },
  {
    name: "ESTABLISHED does not ring",
    edits: [
      channel(
        "this.settled?.();\n          this.bell?.ring();",
        "this.settled?.();\n          else this.bell?.ring();",
      ),
    ],
    hint: "test/golden/handshake",
  },
  // The packed word
  {
    name: "the packed states are stored without a comparison",
    edits: [statesFile(EXCHANGE, "store(this.word, 0, next);")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "the packed states are exchanged, but nobody looks whether that worked",
    edits: [statesFile(EXCHANGE, "compareExchange(this.word, 0, sample, next);")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "the packed states are sampled anew before the exchange",
    edits: [
      statesFile(
        "compareExchange(this.word, 0, sample, next) !== sample",
        "compareExchange(this.word, 0, load(this.word, 0), next) === -1",
      ),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "a reset stores the packed word, and loses the peer's bits",
    edits: [
      statesFile(
        "or(this.word, 0, SYNC_BIT << this.ownShift); // SYNC state",
        "store(this.word, 0, SYNC_BIT << this.ownShift);",
      ),
    ],
    hint: "resets, 1 slots, from 0",
    sample: true,
  },
  {
    name: "a reset loads the packed word and stores it again",
    edits: [
      statesFile(
        "or(this.word, 0, SYNC_BIT << this.ownShift); // SYNC state",
        "store(this.word, 0, load(this.word, 0) | (SYNC_BIT << this.ownShift));",
      ),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "ACK outranks SYNC in the packed word",
    edits: [
      statesFile(
        "  if (bits & SYNC_BIT) return SYNC;\n  return bits & ACK_BIT ? ACK : ESTABLISHED;",
        "  if (bits & ACK_BIT) return ACK;\n  return bits & SYNC_BIT ? SYNC : ESTABLISHED;",
      ),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "both ends take the same side of the packed word for their own",
    edits: [
      statesFile("this.ownShift = side * SIDE_WIDTH;", "this.ownShift = 0;"),
      statesFile("this.peerShift = (1 - side) * SIDE_WIDTH;", "this.peerShift = SIDE_WIDTH;"),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "the wire state is stored before the packed one",
    edits: [
      statesFile(
        `    ${EXCHANGE}\n    store(this.txWords, TX_STATE, state);`,
        `    store(this.txWords, TX_STATE, state);\n    ${EXCHANGE}`,
      ),
    ],
    hint: "test/golden/hypervisor",
  },
  {
    name: "the wire state is not stored with the packed one",
    edits: [statesFile(`    ${EXCHANGE}\n    store(this.txWords, TX_STATE, state);`, `    ${EXCHANGE}`)],
    hint: "test/golden/hypervisor",
  },
  // Who looks at the own state
  {
    name: "a writer does not look at the state",
    edits: [tx("    if (this.link.state !== ESTABLISHED) return false;\n    const most", "    const most")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "a reader does not look at the state",
    edits: [rx("    if (this.link.state !== ESTABLISHED) return false;\n    let used", "    let used")],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "a reset leaves the halves open",
    edits: [
      channel(
        "    this.states.reset();\n    this.enter(SYNC);",
        "    this.states.reset();\n    this.link.state = ESTABLISHED;",
      ),
    ],
    hint: "resets, 1 slots, from 0",
  },
  {
    name: "the reader keeps its cache when the state changes",
    edits: [
      channel("    this.tx.dropCache();\n    this.rx.dropCache();\n", "    this.tx.dropCache();\n"),
      rx("    this.position = 0;\n    this.dropCache();\n", "    this.position = 0;\n"),
    ],
    hint: "resets, 2 slots, from 2147483647",
  },
  {
    name: "the reader fills its cache while the link is down, and keeps it",
    edits: [
      rx(
        "    if (this.link.state !== ESTABLISHED) return false;\n    let used",
        "    if (this.link.state !== ESTABLISHED) {\n      this.peerCount = load(this.queue.words, TX_COUNT);\n      return false;\n    }\n    let used",
      ),
      channel("    this.tx.dropCache();\n    this.rx.dropCache();\n", "    this.tx.dropCache();\n"),
    ],
    hint: "resets, 2 slots, from 2147483647",
  },
  {
    name: "the session is not counted",
    edits: [channel("    this.link.session++;\n", "")],
    hint: "test/unit/hypervisor/listen",
  },
];
