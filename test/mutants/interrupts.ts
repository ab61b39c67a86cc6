/** Mutants of the lines: how they are rung, masked, taken and served. */
import { editsOf, type Mutant } from "./mutant.ts";

const doorbell = editsOf("hypervisor/doorbell.ts");
const controller = editsOf("hypervisor/interrupts.ts");
const cookie = editsOf("hypervisor/cookie.ts");

const STORE_MASK = "    this.storeMask(line);\n";
const UNMASK = `${STORE_MASK}    if (!masked && cookie?.untold()) this.latch(line, RING_DUE);`;
const RING = "if ((or(this.line, 0, PENDING) & PENDING) === 0) this.hint(); // SYNC ring";
const HINT = `    or(this.wake, this.group, this.lineBit);
    if (or(this.wake, WAKE, this.groupBit) & SLEEPING) notify(this.wake, WAKE); // SYNC wake`;
const TAKE = "const word = and(line.word, 0, ~PENDING); // SYNC ring";
const GROUP = "let bits = exchange(this.wake, groupIndex(group), 0);";
const COLLECT = `    let bits = exchange(this.wake, WAKE, 0) & ~SLEEPING; // SYNC wake
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      bits &= ~(1 << bit);
      for (let group = bit; group < this.groups; group += WAKE_BITS) this.collectGroup(group);
    }
`;
const ARM = "this.armed = (or(this.wake, WAKE, SLEEPING) & ~SLEEPING) === 0; // SYNC wake";
const RELATCH = `      if (cookie && line.cookie === cookie && cookie.channel.rx.consumed !== before && cookie.channel.rx.canRead()) {
        this.latch(line, RX_DUE);
      }
`;

export const interrupts: readonly Mutant[] = [
  // Ringing
  {
    name: "a ring hints before it is pending",
    edits: [doorbell(`    ${RING}`, "    this.hint();\n    or(this.line, 0, PENDING);")],
    hint: "async waits",
  },
  {
    name: "a ring is pending, but does not hint",
    edits: [doorbell(RING, "or(this.line, 0, PENDING);")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a ring stores the line's word, and loses the mask",
    edits: [
      doorbell(
        RING,
        "if ((load(this.line, 0) & PENDING) === 0) {\n      store(this.line, 0, PENDING);\n      this.hint();\n    }",
      ),
      doorbell("import { load, notify, or, type Words }", "import { load, notify, or, store, type Words }"),
    ],
    hint: "two threads want to be one guest, the peer polls",
  },
  {
    name: "a hint does not notify",
    edits: [
      doorbell(
        "if (or(this.wake, WAKE, this.groupBit) & SLEEPING) notify(this.wake, WAKE); // SYNC wake",
        "or(this.wake, WAKE, this.groupBit);",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a hint looks for a sleeper before it leaves its bit",
    edits: [
      doorbell(
        HINT,
        "    const sleeps = load(this.wake, WAKE) & SLEEPING;\n    or(this.wake, this.group, this.lineBit);\n    or(this.wake, WAKE, this.groupBit);\n    if (sleeps) notify(this.wake, WAKE);",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
    sample: true,
  },
  {
    name: "a hint tells of the group before it names the line in it",
    edits: [
      doorbell(
        HINT,
        "    const before = or(this.wake, WAKE, this.groupBit);\n    or(this.wake, this.group, this.lineBit);\n    if (before & SLEEPING) notify(this.wake, WAKE);",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a hint stores its bit over those of other lines",
    edits: [
      doorbell("    or(this.wake, this.group, this.lineBit);", "    store(this.wake, this.group, this.lineBit);"),
      doorbell("import { load, notify, or, type Words }", "import { load, notify, or, store, type Words }"),
    ],
    hint: "one wait for two lines",
  },
  // Taking
  {
    name: "a taken ring stays pending",
    edits: [controller(TAKE, "const word = load(line.word, 0);")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "PENDING is cleared after the line was served",
    edits: [
      controller(TAKE, "const word = load(line.word, 0);"),
      controller(RELATCH, `${RELATCH}      and(line.word, 0, ~PENDING);\n`),
    ],
    hint: "one wait for two lines",
  },
  {
    name: "PENDING is cleared after a wait has looked",
    edits: [
      controller(TAKE, "const word = load(line.word, 0);"),
      controller(
        "  arm(): boolean {\n",
        "  arm(): boolean {\n    for (const line of this.lines) and(line.word, 0, ~PENDING);\n",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "collect clears the wake word after it has taken the lines",
    edits: [
      controller(
        COLLECT,
        `${COLLECT.replace("exchange(this.wake, WAKE, 0)", "load(this.wake, WAKE)")}    exchange(this.wake, WAKE, 0);\n`,
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
    sample: true,
  },
  {
    name: "collect clears a group by a load and a store",
    edits: [
      controller(GROUP, "let bits = load(this.wake, groupIndex(group));\n    store(this.wake, groupIndex(group), 0);"),
      controller("mayBlock, or, type Words, wait }", "mayBlock, or, store, type Words, wait }"),
    ],
    hint: "one wait for two lines",
  },
  {
    name: "collect takes the first line of a group alone",
    edits: [controller("      if (line) this.take(line);\n", "      if (line) this.take(line);\n      bits = 0;\n")],
    hint: "one wait for two lines",
  },
  {
    name: "SLEEPING is stored over the rings that came meanwhile",
    edits: [
      controller(ARM, "store(this.wake, WAKE, SLEEPING);\n    this.armed = true;"),
      controller("mayBlock, or, type Words, wait }", "mayBlock, or, store, type Words, wait }"),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "SLEEPING is not set before a sleep",
    edits: [
      controller(ARM, "this.armed = (load(this.wake, WAKE) & ~SLEEPING) === 0;"),
      controller(
        "wait(this.wake, WAKE, SLEEPING, Math.min(timeout, SLICE))",
        "wait(this.wake, WAKE, 0, Math.min(timeout, SLICE))",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "SLEEPING is set after the last look at the rings",
    edits: [
      controller(
        ARM,
        "this.armed = (load(this.wake, WAKE) & ~SLEEPING) === 0;\n    if (this.armed) or(this.wake, WAKE, SLEEPING);",
      ),
      controller(
        "wait(this.wake, WAKE, SLEEPING, Math.min(timeout, SLICE))",
        "wait(this.wake, WAKE, load(this.wake, WAKE), Math.min(timeout, SLICE))",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a guest that attaches does not look at what is pending already",
    edits: [
      editsOf("hypervisor/guest.ts")(
        "    this.interrupts.unmaskAll();\n    this.interrupts.lookAtAll();",
        "    this.interrupts.unmaskAll();",
      ),
    ],
    hint: "test/unit/hypervisor/late-word",
  },
  {
    name: "a guest that attaches keeps the masks of the one before it",
    edits: [editsOf("hypervisor/guest.ts")("    this.interrupts.unmaskAll();\n", "")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "a ring is lost while its line is not deliverable",
    edits: [controller("    line.due |= due;\n", "    if (!line.deliverable) return;\n    line.due |= due;\n")],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "not every line is looked at when a sleep took a slice",
    edits: [controller("if (performance.now() - this.lastLook >= SLICE / 2) this.lookAtAll();", "")],
    hint: "test/unit/hypervisor/lines",
  },
  // Serving
  {
    name: "a dispatch runs no reset step",
    edits: [
      controller(
        "    if (cookie && due & STEP_DUE) cookie.dispatchStep();\n    cookie?.tell();",
        "    cookie?.tell();",
      ),
    ],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "a line is taken for served after its handler, not before",
    edits: [
      controller("    line.due = 0;\n    if (cookie && due", "    if (cookie && due"),
      controller(
        "    } finally {\n      if (cookie && line.cookie",
        "    } finally {\n      line.due = 0;\n      if (cookie && line.cookie",
      ),
    ],
    hint: "test/unit/hypervisor/latches",
  },
  {
    name: "a handler that left frames is not called again",
    edits: [controller(RELATCH, "      void before;\n")],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "a handler that consumed nothing is called again",
    edits: [controller("cookie.channel.rx.consumed !== before && cookie", "cookie")],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "a turn goes on as long as lines are due",
    edits: [
      controller(
        "    let served = 0;\n    for (let count = this.serving.length; count > 0; count--) {",
        "    let served = 0;\n    while (this.serving.length > 0) {",
      ),
    ],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "over-full and established, a channel is left so",
    edits: [cookie("    if (broken) channel.reset();", "    void broken;")],
    hint: "test/unit/hypervisor/heal",
  },
  {
    name: "the echo is not gone on with in the next turn",
    edits: [controller("      if (cookie.echo()) this.latch(line, RX_DUE);", "      cookie.echo();")],
    hint: "test/unit/hypervisor/loopback",
  },
  {
    name: "turning loopback on leaves the frames that wait",
    edits: [cookie("if (!on || this.echo())", "if (!on)")],
    hint: "test/unit/hypervisor/loopback",
  },
  {
    name: "turning loopback off does not tell of the frames that wait",
    edits: [cookie("    if (!on || this.echo()) interrupts", "    if (on && this.echo()) interrupts")],
    hint: "test/unit/hypervisor/lines",
  },
  // Masking
  {
    name: "a ring is wanted if the line is masked",
    edits: [doorbell("return (load(this.line, 0) & MASKED) === 0;", "return (load(this.line, 0) & MASKED) !== 0;")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a mask is set but never cleared",
    edits: [controller("    else and(line.word, 0, ~MASKED); // SYNC mask\n", "")],
    hint: "signals: sender polls, receiver spins and parks, 3 frames, 1 slots",
  },
  {
    name: "a mask is set by a store, and loses a ring",
    edits: [
      controller("if (line.masked) or(line.word, 0, MASKED);", "if (line.masked) store(line.word, 0, MASKED);"),
      controller("mayBlock, or, type Words, wait }", "mayBlock, or, store, type Words, wait }"),
    ],
    hint: "signals: sender spins and parks, receiver spins and parks, 2 frames, 1 slots",
  },
  {
    name: "after unmasking nobody looks at the counts",
    edits: [controller(UNMASK, STORE_MASK)],
    hint: "test/unit/hypervisor/mask",
  },
  {
    name: "the counts are looked at before unmasking",
    edits: [
      controller(
        UNMASK,
        `    const untold = !masked && cookie?.untold();\n${STORE_MASK}    if (untold) this.latch(line, RING_DUE);`,
      ),
    ],
    hint: "test/unit/hypervisor/latches",
  },
  {
    name: "the counts are held against those when the line was masked",
    edits: [controller(UNMASK, `${UNMASK}\n    if (masked) cookie?.tell();`)],
    hint: "test/unit/hypervisor/mask",
  },
  {
    name: "what a line was told is noted after its handler",
    edits: [
      controller("    cookie?.tell();\n    if (cookie?.loopback)", "    if (cookie?.loopback)"),
      controller(
        "    } finally {\n      if (cookie && line.cookie",
        "    } finally {\n      cookie?.tell();\n      if (cookie && line.cookie",
      ),
    ],
    hint: "test/unit/hypervisor/schedules-lines",
  },
  {
    name: "frames are untold for as long as they are not read",
    edits: [
      cookie(
        "if (rx.loadPeerCount() !== toldPublished && rx.canRead()) return true;",
        "if (rx.canRead()) return true;",
      ),
    ],
    hint: "test/unit/hypervisor/schedules-lines",
  },
  {
    name: "room that came while masked is not told",
    edits: [
      cookie("    return room || this.channel.stepDue();", "    return (room && false) || this.channel.stepDue();"),
    ],
    hint: "test/unit/hypervisor/mask",
  },
  {
    name: "frames that came while masked are not told",
    edits: [
      cookie(
        "    if (rx.loadPeerCount() !== toldPublished && rx.canRead()) return true;\n",
        "    void [rx, toldPublished];\n",
      ),
    ],
    hint: "test/unit/hypervisor/mask",
  },
  {
    name: "a step that came due while masked is not told",
    edits: [cookie("    return room || this.channel.stepDue();", "    return room;")],
    hint: "test/unit/hypervisor/mask",
  },
  {
    name: "a disabled line in loopback is masked",
    edits: [controller(" && line.waiting === 0 && !cookie?.loopback;", " && line.waiting === 0;")],
    hint: "test/unit/hypervisor/schedules-lines",
  },
  {
    name: "a disabled line is not masked",
    edits: [controller("(line.disabled || line.polling) &&", "line.polling &&")],
    hint: "test/unit/hypervisor/mask",
  },
];
