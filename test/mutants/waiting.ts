/** Mutants of the waits, blocking and on the event loop. */
import { editsOf, type Mutant } from "./mutant.ts";

const waits = editsOf("hypervisor/waits.ts");
const controller = editsOf("hypervisor/interrupts.ts");
const loop = editsOf("hypervisor/event-loop.ts");
const guest = editsOf("hypervisor/guest.ts");

export const waiting: readonly Mutant[] = [
  // Spinning
  {
    name: "a wait parks with its line masked",
    edits: [
      controller(
        "    line.waiting++;\n    line.polling = false;\n    this.updateMask(line);",
        "    line.waiting++;\n    line.polling = false;",
      ),
    ],
    hint: "signals: sender polls, receiver spins and parks, 3 frames, 1 slots",
  },
  {
    name: "a wait unmasks its line only after its last look",
    edits: [
      waits("  interrupts.park(line);\n  try {\n", "  try {\n"),
      waits("  let left = timeout;\n", "  let left = timeout;\n  interrupts.park(cookie.line);\n"),
    ],
    hint: "signals: sender polls, receiver spins and parks, 3 frames, 1 slots",
    sample: true,
  },
  {
    name: "a wait sleeps without a look after it has said so: it looks, then unmasks, arms and sleeps, each time",
    edits: [
      waits("  let left = timeout;\n", "  let left = timeout;\n  interrupts.collect();\n"),
      waits(
        "    if (interrupts.arm()) interrupts.sleep(left);",
        "    interrupts.collect();\n    if (interrupts.arm()) interrupts.sleep(left);",
      ),
    ],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a spinning wait does not mask its line",
    edits: [
      controller(
        "    line.polling = true;\n    this.polling.push(line);\n    this.updateMask(line);",
        "    line.polling = true;\n    this.polling.push(line);",
      ),
    ],
    hint: "test/unit/hypervisor/latches",
  },
  {
    name: "who stops polling leaves the lines masked",
    edits: [
      controller(
        "      line.polling = false;\n      this.updateMask(line);\n    }",
        "      line.polling = false;\n    }",
      ),
    ],
    hint: "test/unit/hypervisor/schedules-lines",
  },
  {
    name: "poll relies on rings that it has masked",
    edits: [
      guest("    interrupts.stopAllPolling();\n    interrupts.lookNowAndThen();", "    interrupts.lookNowAndThen();"),
    ],
    hint: "test/unit/hypervisor/waits-steps",
  },
  // Looking
  {
    name: "a wait runs no reset steps",
    edits: [waits("  interrupts.collect();\n  interrupts.runSteps();", "  interrupts.collect();")],
    hint: "test/unit/hypervisor/waits-steps",
  },
  {
    name: "a wait takes no rings",
    edits: [waits("  interrupts.collect();\n  interrupts.runSteps();", "  interrupts.runSteps();")],
    hint: "signals: sender polls, receiver parks, 3 frames, 1 slots",
  },
  {
    name: "a wait goes by its rings, and does not look first",
    edits: [waits("  let outcome = look(interrupts, cookie, condition);", "  let outcome: WaitOutcome | undefined;")],
    hint: "signals: sender spins and parks, receiver polls, 2 frames, 1 slots, sleeps end early and late",
  },
  {
    name: "the steps that a wait has run take the handler's turn with them",
    edits: [controller("      line.due &= ~STEP_DUE;\n", "      line.due = 0;\n")],
    hint: "test/unit/hypervisor/waits-steps",
  },
  // Conditions
  {
    name: "a wait looks for the peer's death before it looks for a frame",
    edits: [
      waits(
        '    if (cookie.rx.canRead()) return "ready";\n    if (!cookie.peerDown) return undefined;\n',
        '    if (cookie.peerDown) return "peer-down";\n    if (cookie.rx.canRead()) return "ready";\n    if (!cookie.peerDown) return undefined;\n',
      ),
    ],
    hint: "test/unit/hypervisor/waits-order",
  },
  {
    name: "a wait does not look again for a frame when the peer is dead",
    edits: [waits('  return cookie.rx.canRead() ? "ready" : "peer-down";', '  return "peer-down";')],
    hint: "test/unit/hypervisor/schedules",
  },
  {
    name: "a wait for room looks for it before it looks for the peer's death",
    edits: [
      waits(
        '    if (cookie.peerDown) return "peer-down";\n    return cookie.tx.canWrite() ? "ready" : undefined;',
        '    if (cookie.tx.canWrite()) return "ready";\n    return cookie.peerDown ? "peer-down" : undefined;',
      ),
    ],
    hint: "test/unit/hypervisor/waits-order",
  },
  {
    name: "a wait for the link takes the one of a dead peer for established",
    edits: [waits("cookie.established && !cookie.holder.peerNeedsReset", "cookie.established")],
    hint: "test/unit/hypervisor/death",
  },
  // The event loop
  {
    name: "the event loop arms before it takes the rings, and sleeps on",
    edits: [
      loop("    if (interrupts.collect()) this.idle = 0;\n", ""),
      loop(
        "if (spinning || (this.listening && interrupts.anyToServe) || !interrupts.arm()) {",
        "if (spinning || (this.listening && interrupts.anyToServe)) {",
      ),
      loop(
        "    if (this.parked) return;\n    const promise",
        "    interrupts.arm();\n    interrupts.collect();\n    if (this.parked) return;\n    const promise",
      ),
    ],
    hint: "test/unit/hypervisor/listen",
  },
  {
    name: "the event loop sleeps though lines are due",
    edits: [
      loop(
        "if (spinning || (this.listening && interrupts.anyToServe) || !interrupts.arm()) {",
        "if (spinning || !interrupts.arm()) {",
      ),
    ],
    hint: "test/unit/hypervisor/listen",
  },
  {
    name: "a listener spins once, and not after each ring",
    edits: [loop("if (interrupts.collect()) this.idle = 0;", "interrupts.collect();")],
    hint: "test/unit/hypervisor/turns",
  },
  {
    name: "a listener spins after every turn",
    edits: [loop("if (interrupts.collect()) this.idle = 0;", "interrupts.collect();\n    this.idle = 0;")],
    hint: "test/unit/hypervisor/turns",
  },
  {
    name: "a listener that spins asks to be woken besides",
    edits: [loop("    if (spinning) this.idle++;\n", "    if (spinning) this.idle++;\n    interrupts.arm();\n")],
    hint: "test/unit/hypervisor/turns",
  },
  {
    name: "who has only async waits spins as well",
    edits: [loop("const spinning = this.listening && this.idle < this.spin;", "const spinning = this.idle < 16;")],
    hint: "test/unit/hypervisor/turns",
  },
  {
    name: "a wake-up does not take a turn",
    edits: [loop("      this.parked = false;\n      this.turn();", "      this.parked = false;")],
    hint: "async waits",
  },
  {
    name: "async waits do not look at what was touched",
    edits: [loop("    interrupts.lookAtTouched((line) => this.lookAtWaits(line));\n", "")],
    hint: "async waits",
  },
  {
    name: "async waits run no reset steps",
    edits: [loop("    if (this.waiters.size > 0) interrupts.runSteps();\n", "")],
    hint: "test/unit/hypervisor/waits-async",
  },
  {
    name: "an async wait does not unmask the lines that a spin has masked",
    edits: [
      loop(
        "    this.interrupts.stopAllPolling();\n    this.interrupts.park(line);",
        "    this.interrupts.stopAllPolling();",
      ),
    ],
    hint: "async waits",
  },
  {
    name: "a turn asks to be notified once more although it has asked already",
    edits: [loop("    if (this.parked) return;\n    const promise", "    const promise")],
    hint: "the event loop serves a line, and looks at all",
  },
];
