/** Mutants of attaching, reserving, death and return. */
import { editsOf, type Mutant } from "./mutant.ts";

const guest = editsOf("hypervisor/guest.ts");
const down = editsOf("hypervisor/guest-down.ts");
const holder = editsOf("hypervisor/holder.ts");
const cookie = editsOf("hypervisor/cookie.ts");
const channel = editsOf("ring/channel.ts");

const DOWN_IMPORT = "import { compareExchange, load } from";
const WITH_STORE = "import { compareExchange, load, store } from";
const LOOK = "  if (attached !== ticket && attached !== -ticket) return false;\n";
const TELLING = "  compareExchange(own, ATTACHED, ticket, -ticket); // SYNC attach\n";
const DETACHED = "  compareExchange(own, ATTACHED, -ticket, 0);\n";
const SAID = "    if (load(own, ATTACHED) === -ticket) compareExchange(life, 0, before, ticket * 2 + 1); // SYNC down";
const HANDED_OVER = `    store(this.own, txPositionIndex(index), cookie.channel.tx.position);
    store(this.own, rxPositionIndex(index), cookie.channel.rx.position);
`;
const FREED = "    compareExchange(this.own, reservationIndex(index), this.handle.ticket, 0);\n";

export const guests: readonly Mutant[] = [
  // Owners
  {
    name: "attaching looks, then stores",
    edits: [
      guest(
        "    if (before > 0 || compareExchange(own, ATTACHED, before, ticket) === before) return before; // SYNC attach",
        "    if (before <= 0) store(own, ATTACHED, ticket);\n    return before;",
      ),
    ],
    hint: "two threads want to be one guest, the peer polls",
    sample: true,
  },
  {
    name: "a used handle attaches again",
    edits: [
      guest("    if (load(used, 0) !== 0) throw handleUsed(vmid);\n", ""),
      guest("if (compareExchange(used, 0, 0, 1) !== 0) {", "if (compareExchange(used, 0, 0, 1) > 1) {"),
    ],
    hint: "test/unit/hypervisor/attach",
  },
  {
    name: "a handle that was used keeps the guest attached",
    edits: [
      guest("    if (load(used, 0) !== 0) throw handleUsed(vmid);\n", ""),
      guest("      compareExchange(this.own, ATTACHED, ticket, before);\n      throw", "      throw"),
    ],
    hint: "test/unit/hypervisor/late-word",
  },
  {
    name: "reserving looks, and then does not take",
    edits: [
      guest("if (compareExchange(this.own, at, 0, this.handle.ticket) !== 0) {", "if (load(this.own, at) !== 0) {"),
    ],
    hint: "test/unit/hypervisor/attach",
  },
  {
    name: "a reserved endpoint does not count as rung",
    edits: [
      guest(
        "if (cookie.holder.hold(this.handle.ticket)) cookie.channel.reset();\n    this.interrupts.latch(line, RING_DUE);",
        "if (cookie.holder.hold(this.handle.ticket)) cookie.channel.reset();",
      ),
    ],
    hint: "test/unit/hypervisor/lines",
  },
  {
    name: "an endpoint is free before its positions are stored",
    edits: [
      guest(HANDED_OVER, FREED),
      guest(`    cookie.holder.letGo();\n${FREED}`, `    cookie.holder.letGo();\n${HANDED_OVER}`),
    ],
    hint: "death as it lets go",
  },
  {
    name: "the positions are not handed over",
    edits: [guest(HANDED_OVER, "")],
    hint: "two threads want to be one guest, the peer polls",
  },
  {
    name: "the tx and rx positions change places when they are handed over",
    edits: [
      guest(
        "store(this.own, txPositionIndex(index), cookie.channel.tx.position);",
        "store(this.own, txPositionIndex(index), cookie.channel.rx.position);",
      ),
    ],
    hint: "two threads want to be one guest, the peer polls",
  },
  {
    name: "a position that was handed over is not checked",
    edits: [guest("return position < nframes ? position : undefined;", "return nframes > 0 ? position : undefined;")],
    hint: "test/unit/hypervisor/handover",
  },
  {
    name: "detaching leaves the guest attached",
    edits: [
      guest(
        "    compareExchange(this.own, ATTACHED, this.handle.ticket, 0); // SYNC attach\n  }\n\n  private line",
        "  }\n\n  private line",
      ),
    ],
    hint: "two threads want to be one guest",
  },
  {
    name: "the guest is free before its endpoints are",
    edits: [
      guest(
        "    this.eventLoop.stopListening();\n    for (const line of",
        "    this.eventLoop.stopListening();\n    compareExchange(this.own, ATTACHED, this.handle.ticket, 0);\n    for (const line of",
      ),
    ],
    hint: "two threads want to be one guest",
  },
  // Death
  {
    name: "who says down does not look who is attached",
    edits: [down(LOOK, "  void attached;\n")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "who says down frees the endpoints of a successor",
    edits: [
      down(
        "    compareExchange(own, reservationIndex(index), ticket, 0);",
        "    store(own, reservationIndex(index), 0);",
      ),
      down(DOWN_IMPORT, WITH_STORE),
    ],
    hint: "test/unit/hypervisor/late-word",
  },
  {
    name: "who says down marks the endpoints of a successor",
    edits: [
      down(
        "    compareExchange(areaWord(area, holderIndex(channel, side)), 0, ticket * 2, ticket * 2 + 1); // SYNC down",
        "    store(areaWord(area, holderIndex(channel, side)), 0, ticket * 2 + 1);",
      ),
      down(DOWN_IMPORT, WITH_STORE),
    ],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "who says down says it of a successor",
    edits: [down(SAID, "    compareExchange(life, 0, before, ticket * 2 + 1);")],
    hint: "test/unit/hypervisor/late-word",
  },
  {
    name: "who says down takes the guest off its successor",
    edits: [down(DETACHED, "  store(own, ATTACHED, 0);\n"), down(DOWN_IMPORT, WITH_STORE)],
    hint: "test/unit/hypervisor/late-word",
  },
  {
    name: "a successor may attach before the endpoints are free",
    edits: [down(TELLING, ""), down(LOOK, `${LOOK}${TELLING}`)],
    hint: "test/unit/hypervisor/schedules",
  },
  {
    name: "a death is told before a successor may attach",
    edits: [
      down(TELLING, ""),
      down(DETACHED, `${TELLING}${DETACHED}`),
      down(SAID, "    compareExchange(life, 0, before, ticket * 2 + 1);"),
    ],
    hint: "test/unit/hypervisor/schedules",
  },
  {
    name: "down leaves the endpoints reserved",
    edits: [down("    compareExchange(own, reservationIndex(index), ticket, 0);\n", "")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "down does not mark the endpoints",
    edits: [
      down(
        "    compareExchange(areaWord(area, holderIndex(channel, side)), 0, ticket * 2, ticket * 2 + 1); // SYNC down\n",
        "    void [area, channel, side];\n",
      ),
    ],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "down is not said in the life words",
    edits: [down(SAID, "    void [life, before];")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "down is no ring",
    edits: [
      down(
        "  for (const endpoint of endpoints) new Doorbell(endpoint, pairs[endpoint.pair] as PairHandle).ringSurely();\n",
        "  void Doorbell;\n",
      ),
    ],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "down rings before it is said",
    edits: [
      down(
        "  for (const endpoint of endpoints) new Doorbell(endpoint, pairs[endpoint.pair] as PairHandle).ringSurely();\n",
        "",
      ),
      down(
        "  for (const { area, side } of pairs) {",
        "  for (const endpoint of endpoints) new Doorbell(endpoint, pairs[endpoint.pair] as PairHandle).ringSurely();\n  for (const { area, side } of pairs) {",
      ),
    ],
    hint: "death as it opens its end, the survivor serves",
  },
  {
    name: "down trusts a ring of the dead that is pending",
    edits: [down(".ringSurely()", ".ring()")],
    hint: "test/unit/hypervisor/schedules",
  },
  {
    name: "what a hostile peer wrote over the owner's words stays",
    edits: [holder("  settled(): void {\n", "  settled(): void {\n    if ((load(this.own, 0) & 1) === 0) return;\n")],
    hint: "test/unit/hypervisor/heal",
  },
  // Return
  {
    name: "a successor does not reset",
    edits: [holder("return needsReset === 1;", "return false;")],
    hint: "test/unit/hypervisor/schedules",
  },
  {
    name: "a successor that holds an endpoint takes its mark away",
    edits: [holder("store(this.own, 0, ticket * 2 + needsReset);", "store(this.own, 0, ticket * 2);")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "an endpoint that is let go loses its mark",
    edits: [holder("and(this.own, 0, 1);", "and(this.own, 0, 0);")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "an endpoint that is let go stays held",
    edits: [holder("and(this.own, 0, 1);", "and(this.own, 0, -1);")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "an established link leaves the mark on the endpoint",
    edits: [channel("          if (next === ESTABLISHED) this.settled?.();\n", "")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "the mark is taken away after the ring that tells of the link",
    edits: [
      channel(
        "          if (next === ESTABLISHED) this.settled?.();\n          this.bell?.ring();",
        "          this.bell?.ring();\n          if (next === ESTABLISHED) this.settled?.();",
      ),
    ],
    hint: "death parked in a wait, the survivor waits for the news",
  },
  {
    name: "the mark is taken away by ACK",
    edits: [channel("if (next === ESTABLISHED) this.settled?.();", "if (next === ACK) this.settled?.();")],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "who attaches does not say so: a guest once down stays down",
    edits: [
      guest(
        "    for (const { area, side } of handle.pairs) store(areaWord(area, lifeIndex(side)), 0, ticket * 2); // SYNC down\n",
        "",
      ),
    ],
    hint: "test/unit/hypervisor/death",
  },
  {
    name: "a pending wait of the own endpoint goes on when it is given back",
    edits: [cookie("    this.guest.eventLoop.close(this.line);\n", "")],
    hint: "test/unit/hypervisor/waits-async",
  },
];
