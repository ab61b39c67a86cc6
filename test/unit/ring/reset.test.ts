/** SPEC §5: reset, and every row of the table of its step. */
import { describe, expect, test } from "vitest";
import { ACK, type End, ESTABLISHED, expectBytes, message, openEnd, openPeer, SYNC } from "../../helpers/ring.ts";

const NAMES = ["established", "sync", "ack"] as const;

/** Counters of an endpoint in the middle of traffic: 2 of 4 tx frames in use, 1 rx frame waiting. */
const TX = { txCount: 5, rxCount: 3 };
const RX = { txCount: 7, rxCount: 6 };

/** An endpoint in state `own` whose peer is in state `peer`. */
function openIn(own: number, peer: number): End {
  const end = openEnd({ nframes: 4, txWords: { ...TX, txState: own }, rxWords: { ...RX, txState: peer } });
  end.txQueue.dirty(0xaa);
  end.rxQueue.dirty(0xbb);
  return end;
}

/** The table: own state, peer's state, new own state, whether it clears, whether it notifies. */
const TABLE = [
  [ESTABLISHED, ESTABLISHED, ESTABLISHED, false, false],
  [ESTABLISHED, SYNC, ACK, true, true],
  [ESTABLISHED, ACK, ESTABLISHED, false, false],
  [ESTABLISHED, 3, ESTABLISHED, false, false],
  [ESTABLISHED, 257, ESTABLISHED, false, false],
  [ESTABLISHED, 2 ** 32 - 1, ESTABLISHED, false, false],
  [SYNC, ESTABLISHED, SYNC, false, false],
  [SYNC, SYNC, ACK, true, true],
  [SYNC, ACK, ESTABLISHED, true, true],
  [SYNC, 3, SYNC, false, false],
  [SYNC, 258, SYNC, false, false],
  [SYNC, 2 ** 32 - 1, SYNC, false, false],
  [ACK, ESTABLISHED, ESTABLISHED, false, true],
  [ACK, SYNC, ACK, true, true],
  [ACK, ACK, ESTABLISHED, false, true],
  [ACK, 3, ESTABLISHED, false, true],
  [ACK, 257, ESTABLISHED, false, true],
  [ACK, 2 ** 32 - 1, ESTABLISHED, false, true],
] as const;

describe("notified", () => {
  test.each(TABLE)("own %d, peer %d: own %d, clear %o, notify %o", (own, peer, newOwn, clears, notifies) => {
    const end = openIn(own, peer);
    const wanted = openIn(own, peer);
    wanted.txQueue.txState = newOwn;
    if (clears) {
      wanted.txQueue.txCount = 0;
      wanted.rxQueue.rxCount = 0;
    }

    expect(end.channel.notified()).toBe(newOwn === ESTABLISHED);

    expectBytes(end.bytes, wanted.bytes);
    expect(end.channel.state).toBe(NAMES[newOwn]);
    expect(end.rings).toBe(notifies ? 1 : 0);
    expect(end.channel.session).toBe(clears ? 1 : 0);
    expect(end.tx.position).toBe(clears ? 0 : 1); // 5 mod 4
    expect(end.rx.position).toBe(clears ? 0 : 2); // 6 mod 4
    expect(end.tx.dump().txCount).toBe(clears ? 0 : 5);
    expect(end.rx.dump().rxCount).toBe(clears ? 0 : 6);
  });

  test.each(TABLE)("own %d, peer %d: the ring comes after the change it tells of", (own, peer, newOwn, clears) => {
    const end = openIn(own, peer);
    const seen: unknown[] = [];
    end.onRing = () => seen.push(end.txQueue.txState, end.txQueue.txCount, end.rxQueue.rxCount, end.channel.state);
    end.channel.notified();
    const told = [newOwn, clears ? 0 : 5, clears ? 0 : 6, NAMES[newOwn]];
    expect(seen).toEqual(end.rings === 0 ? [] : told);
  });

  test.each([3, 257, 2 ** 32 - 1])("own %d, which is no state: SYNC makes it ACK, nothing else changes it", (own) => {
    const answers = [ESTABLISHED, ACK, 3].map((peer) => {
      const end = openIn(own, peer);
      end.channel.notified();
      return [end.txQueue.txState, end.txQueue.txCount, end.rings];
    });
    expect(answers).toEqual([
      [own, 5, 0],
      [own, 5, 0],
      [own, 5, 0],
    ]);
    const end = openIn(own, SYNC);
    expect(end.channel.notified()).toBe(false);
    expect([end.txQueue.txState, end.txQueue.txCount, end.rxQueue.rxCount, end.rings]).toEqual([ACK, 0, 0, 1]);
  });

  test("each clear counts: a peer that keeps to SYNC is answered every time", () => {
    const end = openIn(ESTABLISHED, SYNC);
    end.channel.notified();
    end.channel.notified();
    end.channel.notified();
    expect([end.channel.state, end.channel.session, end.rings]).toEqual(["ack", 3, 3]);
  });

  test("works without a notify function", () => {
    const end = openEnd({ nframes: 4, notify: false, rxWords: { txState: SYNC } });
    expect(end.channel.notified()).toBe(false);
    expect(end.txQueue.txState).toBe(ACK);
  });
});

describe("reset", () => {
  test.each([ESTABLISHED, SYNC, ACK, 9])("from own %d: stores SYNC and notifies, nothing else", (own) => {
    for (const peer of [ESTABLISHED, SYNC, ACK, 9]) {
      const end = openIn(own, peer);
      const wanted = openIn(SYNC, peer);
      const seen: number[] = [];
      end.onRing = () => seen.push(end.txQueue.txState);
      end.channel.reset();
      expectBytes(end.bytes, wanted.bytes);
      expect(end.channel.state).toBe("sync");
      expect(seen).toEqual([SYNC]);
      expect(end.channel.session).toBe(0);
      expect([end.tx.position, end.rx.position]).toEqual([1, 2]);
    }
  });

  test("of a peer that is never there leaves the caller in SYNC", () => {
    const end = openIn(ESTABLISHED, ESTABLISHED);
    end.channel.reset();
    for (let i = 0; i < 10; i++) expect(end.channel.notified()).toBe(false);
    expect([end.channel.state, end.rings, end.channel.session]).toEqual(["sync", 1, 0]);
  });

  test("works without a notify function", () => {
    const end = openEnd({ nframes: 4, notify: false });
    end.channel.reset();
    expect([end.channel.state, end.txQueue.txState]).toEqual(["sync", SYNC]);
  });
});

/** Runs one step of whichever end was rung, until no ring is left; `first` is rung already. The steps taken. */
function settle(a: End, b: End, rung: End[]): string[] {
  const steps: string[] = [];
  a.onRing = () => rung.push(b);
  b.onRing = () => rung.push(a);
  for (let end = rung.shift(); end && steps.length < 100; end = rung.shift()) {
    end.channel.notified();
    steps.push(`${end === a ? "a" : "b"} ${end.channel.state}`);
  }
  return steps;
}

describe("handshake", () => {
  test("a lone reset takes exactly four notifications", () => {
    const a = openIn(ESTABLISHED, ESTABLISHED);
    const b = openPeer(a);
    a.channel.reset();
    expect(settle(a, b, [b])).toEqual(["b ack", "a established", "b established", "a established"]);
    expect(a.rings + b.rings).toBe(4);
    expect([a.channel.session, b.channel.session]).toEqual([1, 1]);
  });

  test("frames sent but not read are lost, and the channel is empty and whole", () => {
    const a = openEnd({ nframes: 3 });
    const b = openPeer(a);
    a.tx.write(message(1, 64));
    a.tx.write(message(2, 64));
    b.tx.write(message(3, 64));
    b.rx.advance();
    a.channel.reset();
    settle(a, b, [b]);
    for (const end of [a, b]) {
      expect([end.rx.canRead(), end.tx.isEmpty(), end.tx.framesAvailable()]).toEqual([false, true, 3]);
    }
    for (let i = 0; i < 8; i++) {
      const into = new Uint8Array(64);
      expect(a.tx.write(message(i, 64)) && b.rx.read(into)).toBe(true);
      expect(into).toEqual(message(i, 64));
      expect(b.tx.write(message(i, 64)) && a.rx.read(into)).toBe(true);
    }
  });

  test.each([
    ["a first", (a: End, b: End) => [a, b]],
    ["b first", (a: End, b: End) => [b, a]],
  ])("resets of both ends settle, %s", (_, order) => {
    const a = openIn(ESTABLISHED, ESTABLISHED);
    const b = openPeer(a);
    a.channel.reset();
    b.channel.reset();
    settle(a, b, order(a, b));
    for (const end of [a, b]) {
      expect(end.channel.state).toBe("established");
      expect([end.tx.isOverfull(), end.tx.isEmpty(), end.rx.canRead()]).toEqual([false, true, false]);
      expect(end.channel.session).toBeGreaterThanOrEqual(1);
    }
  });

  test("a second reset, while the first is under way, settles", () => {
    const a = openIn(ESTABLISHED, ESTABLISHED);
    const b = openPeer(a);
    a.channel.reset();
    b.channel.notified();
    a.channel.reset();
    settle(a, b, [b, a]);
    expect([a.channel.state, b.channel.state]).toEqual(["established", "established"]);
    expect([a.tx.isEmpty(), b.tx.isEmpty(), a.rx.canRead(), b.rx.canRead()]).toEqual([true, true, false, false]);
  });

  test("data calls never run the step", () => {
    const end = openEnd({ nframes: 4, rxWords: { txState: SYNC, txCount: 1 } });
    end.tx.write(message(1, 4));
    end.rx.read(new Uint8Array(4));
    end.tx.canWrite();
    end.rx.canRead();
    expect([end.channel.state, end.txQueue.txState, end.channel.session]).toEqual(["established", ESTABLISHED, 0]);
  });
});
