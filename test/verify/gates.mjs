/** The gates of the verification, in the order of docs/verification.md: what each shows, and the program that does. */

const node = process.execPath;

export const gates = [
  {
    name: "Every interleaving",
    shows:
      "The real code on a simulated memory: all interleavings of its `Atomics` calls, with a race detector on every payload access, wake-ups without a reason, timeouts and deaths. What the bare wire handshake does not promise is found.",
    command: [node, "build/checks/explore.js", "--full"],
  },
  {
    name: "Mutants",
    shows:
      "Wrong versions of the protocol, applied to the real source: each is killed (by what: [mutants.md](mutants.md)).",
    command: [node, "build/checks/mutants.js", "--full"],
  },
  {
    name: "Design models",
    shows:
      "Spin searches models of signalling and of the reset handshake in full; what the bare wire does not promise, and seeded bugs, are found.",
    command: [node, "test/spin/models.mjs", "--full"],
  },
  {
    name: "Hostile peer, on real memory",
    shows:
      "A worker scribbles over all it can reach while the victim uses every call; afterwards, traffic is correct again.",
    command: [node, "test/hostile/memory.mjs", "--full"],
  },
  {
    name: "Kills",
    shows:
      "Threads ended in many ways, at random moments, in whatever they do; the survivor goes on with each successor.",
    command: [node, "test/threads/kill.mjs", "--full"],
  },
  {
    name: "Soak",
    shows:
      "Every frame carries a sequence number and a CRC-32: random lengths, all ways to wait, more threads than cores, V8's tiers.",
    command: [node, "test/threads/soak.mjs", "--full"],
  },
  {
    name: "Counter wrap",
    shows: "Threads whose counters cross 2^31 and 2^32.",
    command: [node, "test/threads/wrap.mjs", "--full"],
  },
  {
    name: "Litmus",
    shows: "What two real threads see of each other's `Atomics`: forbidden outcomes never, interesting ones often.",
    command: [node, "test/threads/litmus.mjs", "--full"],
  },
  {
    name: "A peer in another language",
    shows: "An endpoint in AssemblyScript, written from the contract, over a shared `WebAssembly.Memory`.",
    command: [node, "test/wasm/wasm.mjs", "--full"],
  },
];
