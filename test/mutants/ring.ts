/** Mutants of the two halves of an endpoint. */
import { editsOf, type Mutant } from "./mutant.ts";

const tx = editsOf("ring/tx.ts");
const rx = editsOf("ring/rx.ts");
const cookie = editsOf("hypervisor/cookie.ts");

const COPY_IN = `    copyIn(this.queue.frames, start, data, bytes);
    if (bytes < this.frameSize) zero(this.queue.frames, start + bytes, start + this.frameSize);
    this.publish(1);`;
const TX_RING_TEST = `      const used = (count - this.peerCount) >>> 0;
      if (used >= 1 && used <= frames) this.bell.ring();`;
const RX_RING_TEST = "if (used >= this.nframes - frames && used <= this.nframes - 1) this.bell.ring();";
const TX_WRAP = "this.position = position < this.nframes ? position : position - this.nframes;\n    store";
const LOAD_RX_COUNT = "this.peerCount = load(this.queue.words, RX_COUNT); // SYNC consume";
const LOAD_TX_COUNT = "this.peerCount = load(this.queue.words, TX_COUNT); // SYNC publish";
const HAS_FRAMES = "    return used >= frames && used <= this.nframes;";
const STORE_TX_COUNT = "store(this.queue.words, TX_COUNT, count); // SYNC publish";
const STORE_RX_COUNT = "store(this.queue.words, RX_COUNT, count); // SYNC consume";

export const ring: readonly Mutant[] = [
  // Publishing and consuming
  {
    name: "write publishes before the payload",
    edits: [tx(COPY_IN, COPY_IN.split("\n").toSpliced(0, 0, "    this.publish(1);").slice(0, -1).join("\n"))],
    hint: "stream, copy, 1 slots, from 0",
    sample: true,
  },
  {
    name: "write publishes before it has zeroed the rest of the frame",
    edits: [tx(COPY_IN, COPY_IN.split("\n").toSpliced(1, 0, "    this.publish(1);").slice(0, -1).join("\n"))],
    hint: "stream, short writes, 1 slots, from 0",
  },
  {
    name: "write leaves the rest of the frame as it was",
    edits: [
      tx("    if (bytes < this.frameSize) zero(this.queue.frames, start + bytes, start + this.frameSize);\n", ""),
    ],
    hint: "test/unit/ring/tx",
  },
  {
    name: "read consumes before it has copied",
    edits: [
      rx(
        "    this.copyOut(into, 0, Math.min(bytes, this.frameSize));\n    this.consume(1);",
        "    const { position } = this;\n    this.consume(1);\n    const after = this.position;\n    this.position = position;\n    this.copyOut(into, 0, Math.min(bytes, this.frameSize));\n    this.position = after;",
      ),
    ],
  },
  {
    name: "write claims frames that the peer has not consumed",
    edits: [tx("position + Math.min(CLAIM, free)", "position + CLAIM")],
  },
  {
    name: "write claims frames that it handed out",
    edits: [tx("    this.claimAt = NOWHERE;\n", "")],
    hint: "test/golden/claims",
  },
  { name: "tx.count is stored by a plain write", edits: [tx(STORE_TX_COUNT, "this.queue.words[TX_COUNT] = count;")] },
  { name: "rx.count is stored by a plain write", edits: [rx(STORE_RX_COUNT, "this.queue.words[RX_COUNT] = count;")] },
  { name: "tx.count is not stored", edits: [tx(`    ${STORE_TX_COUNT}\n`, "")] },
  { name: "rx.count is not stored", edits: [rx(`    ${STORE_RX_COUNT}\n`, "")] },
  {
    name: "the writer reloads its own count from shared memory",
    edits: [
      tx("const count = (this.count + frames) | 0;", "const count = (load(this.queue.words, TX_COUNT) + frames) | 0;"),
    ],
    hint: "test/golden/data",
  },
  {
    name: "the reader reloads its own count from shared memory",
    edits: [
      rx("const count = (this.count + frames) | 0;", "const count = (load(this.queue.words, RX_COUNT) + frames) | 0;"),
    ],
    hint: "test/golden/data",
  },
  // Predicates
  {
    name: "hasRoom sees a slot too many",
    edits: [tx("const most = this.nframes - frames;", "const most = this.nframes - frames + 1;")],
  },
  {
    name: "hasRoom wastes a slot",
    edits: [tx("const most = this.nframes - frames;", "const most = this.nframes - frames - 1;")],
  },
  {
    name: "hasRoom forgets the wrap of the counts",
    edits: [
      tx(
        "    if ((this.count - this.peerCount) >>> 0 <= most) return true;",
        "    if (this.count - this.peerCount <= most) return true;",
      ),
    ],
    hint: "stream, copy, 1 slots, from 2^31",
  },
  {
    name: "hasRoom loads the wrong word",
    edits: [tx(`${LOAD_RX_COUNT}\n    return`, "this.peerCount = load(this.queue.words, TX_COUNT);\n    return")],
  },
  {
    name: "hasFrames loads the wrong word",
    edits: [rx(`${LOAD_TX_COUNT}\n    used`, "this.peerCount = load(this.queue.words, RX_COUNT);\n    used")],
  },
  {
    name: "hasFrames sees a frame too many",
    edits: [rx(HAS_FRAMES, "    return used + 1 >= frames && used <= this.nframes;")],
  },
  {
    name: "hasFrames misses the last frame",
    edits: [rx(HAS_FRAMES, "    return used > frames && used <= this.nframes;")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "hasFrames takes an over-full queue for a full one",
    edits: [rx(HAS_FRAMES, "    return used >= frames;")],
    hint: "test/unit/ring/counters",
  },
  {
    name: "hasFrames takes a full queue for an over-full one",
    edits: [
      rx(
        "    if (used >= frames && used <= this.nframes) return true;",
        "    if (used >= frames && used < this.nframes) return true;",
      ),
      rx(HAS_FRAMES, "    return used >= frames && used < this.nframes;"),
    ],
  },
  {
    name: "tx.advance does not ask for as many slots as it publishes",
    edits: [tx("if (!this.hasRoom(count)) return false;", "if (!this.hasRoom(1)) return false;")],
    hint: "test/unit/ring/tx",
  },
  {
    name: "rx.advance does not ask for as many frames as it consumes",
    edits: [rx("if (!this.hasFrames(count)) return false;", "if (!this.hasFrames(1)) return false;")],
    hint: "test/unit/ring/rx",
  },
  {
    name: "tx.getNextFrame does not ask for room further on",
    edits: [tx("if (!this.hasRoom(ahead + 1)) return undefined;", "if (!this.hasRoom(1)) return undefined;")],
    hint: "stream, batches into copies, 2 slots",
  },
  {
    name: "rx.getNextFrame does not ask for frames further on",
    edits: [rx("if (!this.hasFrames(ahead + 1)) return undefined;", "if (!this.hasFrames(1)) return undefined;")],
    hint: "stream, copy into batches, 2 slots",
  },
  {
    name: "tx.framesAvailable is not held above 0",
    edits: [tx("return Math.max(this.nframes - this.used(), 0);", "return this.nframes - this.used();")],
    hint: "test/unit/ring/counters",
  },
  {
    name: "an over-full tx queue does not count as empty",
    edits: [tx("return used === 0 || used > this.nframes;", "return used === 0;")],
    hint: "test/unit/ring/counters",
  },
  // Positions
  {
    name: "the tx position wraps one slot late",
    edits: [tx(TX_WRAP, TX_WRAP.replace("position < this", "position <= this"))],
  },
  {
    name: "the tx position is the count mod nframes",
    edits: [tx(TX_WRAP, "this.position = (count >>> 0) % this.nframes;\n    store")],
    hint: "stream, copy, 3 slots, from 2^32",
  },
  {
    name: "the rx position derives from a word that the peer can write",
    edits: [
      rx(
        "this.position = position < this.nframes ? position : position - this.nframes;\n    store",
        "this.position = position < this.nframes ? position : position - this.nframes;\n    this.position = (load(this.queue.words, TX_COUNT) >>> 0) % this.nframes;\n    store",
      ),
    ],
    hint: "stream, copy, 2 slots, from 0",
  },
  {
    name: "a batch of free frames does not go round the end of the ring",
    edits: [
      tx(
        "return this.queue.frame(position < this.nframes ? position : position - this.nframes);",
        "return this.queue.frame(position < this.nframes ? position : 0);",
      ),
      tx(
        "const position = this.position + ahead;",
        "const position = Math.min(this.position + ahead, this.nframes - 1);",
      ),
    ],
    hint: "stream, batches into copies, 2 slots",
  },
  // Caches
  {
    name: "a writer that opens takes the queue for empty",
    edits: [tx("this.peerCount = (this.count - queue.nframes) | 0;", "this.peerCount = this.count;")],
    hint: "stream, batches of 3, 3 slots, from 0",
  },
  {
    name: "the notify test of the writer uses the cached count",
    edits: [tx(`      ${LOAD_RX_COUNT}\n      const used`, "      const used")],
    hint: "signals: sender polls, receiver parks, 4 frames, 2 slots",
  },
  {
    name: "the notify test of the reader uses the cached count",
    edits: [rx(`      ${LOAD_TX_COUNT}\n      const used`, "      const used")],
    hint: "signals: sender parks, receiver polls, 5 frames, 2 slots",
  },
  // Transitions
  { name: "the writer never rings", edits: [tx(TX_RING_TEST, "")], hint: "sender polls, receiver parks, 3" },
  { name: "the reader never rings", edits: [rx(RX_RING_TEST, "void used;")], hint: "sender parks, receiver polls, 3" },
  {
    name: "the writer rings for a batch only if it was of one frame (kernel rule: used = 1)",
    edits: [tx("if (used >= 1 && used <= frames)", "if (used === 1)")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the reader rings for a batch only if it was of one frame (kernel rule: used = nframes − 1)",
    edits: [rx("if (used >= this.nframes - frames && used <= this.nframes - 1)", "if (used === this.nframes - 1)")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the writer's transition has its upper bound one too low",
    edits: [tx("used >= 1 && used <= frames", "used >= 1 && used < frames")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
    sample: true,
  },
  {
    name: "the writer's transition has its upper bound one too high",
    edits: [tx("used >= 1 && used <= frames", "used >= 1 && used <= frames + 1")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the writer's transition has its lower bound one too low: it rings for what has been consumed already",
    edits: [tx("used >= 1 && used <= frames", "used <= frames")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the reader's transition has its lower bound one too high",
    edits: [rx("used >= this.nframes - frames &&", "used > this.nframes - frames &&")],
    hint: "signals: sender parks, receiver polls, 3 frames, 1 slots",
  },
  {
    name: "the reader's transition has its lower bound one too low",
    edits: [rx("used >= this.nframes - frames &&", "used >= this.nframes - frames - 1 &&")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the reader's transition has its upper bound one too high: it rings for a queue that is full again",
    edits: [rx("used <= this.nframes - 1)", "used <= this.nframes)")],
    hint: "test/unit/ring/notify",
  },
  {
    name: "the writer looks at the transition before it stores the count",
    edits: [
      tx(
        `    ${STORE_TX_COUNT}\n    if (this.bell?.wanted()) {\n      ${LOAD_RX_COUNT}\n`,
        `    const peerCount = load(this.queue.words, RX_COUNT);\n    ${STORE_TX_COUNT}\n    if (this.bell?.wanted()) {\n      this.peerCount = peerCount;\n`,
      ),
    ],
    hint: "signals: sender polls, receiver parks, 4 frames, 2 slots",
  },
  {
    name: "the reader looks at the transition before it stores the count",
    edits: [
      rx(
        `    ${STORE_RX_COUNT}\n    if (this.bell?.wanted()) {\n      ${LOAD_TX_COUNT}\n`,
        `    const peerCount = load(this.queue.words, TX_COUNT);\n    ${STORE_RX_COUNT}\n    if (this.bell?.wanted()) {\n      this.peerCount = peerCount;\n`,
      ),
    ],
    hint: "signals: sender parks, receiver polls, 5 frames, 2 slots",
  },
  {
    name: "the writer asks whether a ring is wanted before it stores the count",
    edits: [
      tx(
        `    ${STORE_TX_COUNT}\n    if (this.bell?.wanted()) {`,
        `    const wanted = this.bell?.wanted();\n    ${STORE_TX_COUNT}\n    if (this.bell && wanted) {`,
      ),
    ],
    hint: "signals: sender polls, receiver spins and parks, 3 frames, 1 slots",
  },
  {
    name: "the reader asks whether a ring is wanted before it stores the count",
    edits: [
      rx(
        `    ${STORE_RX_COUNT}\n    if (this.bell?.wanted()) {`,
        `    const wanted = this.bell?.wanted();\n    ${STORE_RX_COUNT}\n    if (this.bell && wanted) {`,
      ),
    ],
    hint: "signals: sender spins and parks, receiver polls, 3 frames, 1 slots",
  },
  // Loopback
  {
    name: "the echo consumes a frame before it has copied it",
    edits: [
      cookie(
        "      copyFrame(target, source);\n      tx.advance();\n      rx.advance();",
        "      rx.advance();\n      copyFrame(target, source);\n      tx.advance();",
      ),
    ],
    hint: "loopback, 1 slots, the peer polls",
  },
  {
    name: "the echo publishes a frame before it has copied it",
    edits: [
      cookie(
        "      copyFrame(target, source);\n      tx.advance();\n",
        "      tx.advance();\n      copyFrame(target, source);\n",
      ),
    ],
    hint: "loopback, 1 slots, the peer polls",
  },
  {
    name: "the echo drops a frame that there is no room for",
    edits: [
      cookie(
        "      if (!target) return false;",
        "      if (!target) {\n        rx.advance();\n        return false;\n      }",
      ),
    ],
    hint: "loopback, 1 slots, the peer polls",
  },
  {
    name: "the echo does not tell that more could go",
    edits: [cookie("    return rx.canRead() && tx.canWrite();", "    return false;")],
    hint: "test/unit/hypervisor/loopback",
  },
];
