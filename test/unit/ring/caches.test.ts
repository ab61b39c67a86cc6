/**
 * SPEC §3: the cached counts of the peer are dropped at every change of the own state, and a query made while not
 * ESTABLISHED fills none; else frames of an earlier session appear.
 */
import { describe, expect, test } from "vitest";
import { ACK, type End, ESTABLISHED, openEnd, SYNC } from "../../helpers/ring.ts";

/** What a foreign peer does to its own words when it clears. */
function peerClears(end: End): void {
  end.rxQueue.txCount = 0;
  end.txQueue.rxCount = 0;
}

/** Every query and verb that might look at a counter. */
function askEverything(end: End): void {
  end.rx.canRead();
  end.rx.getNextFrame();
  end.rx.read(new Uint8Array(1));
  end.rx.peek(new Uint8Array(1));
  end.rx.advance();
  end.rx.framesAvailable();
  end.rx.isOverfull();
  end.tx.canWrite();
  end.tx.getNextFrame();
  end.tx.write(new Uint8Array(1));
  end.tx.poke(new Uint8Array(1));
  end.tx.advance();
  end.tx.framesAvailable();
  end.tx.isEmpty();
  end.tx.isOverfull();
}

function expectNothingToRead(end: End): void {
  expect(end.rx.canRead()).toBe(false);
  expect(end.rx.getNextFrame()).toBeUndefined();
  expect(end.rx.read(new Uint8Array(1))).toBe(false);
  expect(end.rx.advance()).toBe(false);
}

/** An established endpoint that knows of 3 frames waiting. */
function openKnowing(): End {
  const end = openEnd({ nframes: 4, rxWords: { txCount: 3 } });
  expect(end.rx.canRead()).toBe(true);
  return end;
}

describe("frames of an earlier session do not appear", () => {
  test("after a reset of one's own", () => {
    const end = openKnowing();
    end.channel.reset();
    peerClears(end);
    end.rxQueue.txState = ACK;
    expect(end.channel.notified()).toBe(true);
    expectNothingToRead(end);
  });

  test("after a reset of the peer's", () => {
    const end = openKnowing();
    end.rxQueue.txState = SYNC;
    end.channel.notified();
    peerClears(end);
    end.rxQueue.txState = ESTABLISHED;
    expect(end.channel.notified()).toBe(true);
    expectNothingToRead(end);
  });

  test("after queries made in ACK, when the peer had not yet cleared", () => {
    const end = openKnowing();
    end.rxQueue.txState = SYNC;
    end.channel.notified();
    expect(end.channel.state).toBe("ack");
    askEverything(end);
    peerClears(end);
    end.rxQueue.txState = ESTABLISHED;
    expect(end.channel.notified()).toBe(true);
    expectNothingToRead(end);
  });

  test("after queries made in SYNC, when the peer had not yet cleared", () => {
    const end = openKnowing();
    end.channel.reset();
    askEverything(end);
    peerClears(end);
    end.rxQueue.txState = ACK;
    expect(end.channel.notified()).toBe(true);
    expectNothingToRead(end);
  });

  test("after queries made at opening in ACK", () => {
    const end = openEnd({ nframes: 4, txWords: { txState: ACK }, rxWords: { txState: SYNC, txCount: 2 } });
    askEverything(end);
    peerClears(end);
    end.rxQueue.txState = ESTABLISHED;
    expect(end.channel.notified()).toBe(true);
    expectNothingToRead(end);
  });
});

describe("room of an earlier session does not appear", () => {
  // The peer's rx.count 2^32 − 2 makes a cleared queue of two frames full; only a broken peer leaves it so.
  const FULL = 2 ** 32 - 2;

  test("after a reset of one's own", () => {
    const end = openEnd({ nframes: 2 });
    expect(end.tx.canWrite()).toBe(true);
    end.channel.reset();
    end.rxQueue.txState = ACK;
    end.txQueue.rxCount = FULL;
    expect(end.channel.notified()).toBe(true);
    expect(end.tx.canWrite()).toBe(false);
    expect(end.tx.write(new Uint8Array(1))).toBe(false);
  });

  test("after a reset of the peer's", () => {
    const end = openEnd({ nframes: 2 });
    expect(end.tx.canWrite()).toBe(true);
    end.rxQueue.txState = SYNC;
    end.channel.notified();
    end.rxQueue.txState = ESTABLISHED;
    end.txQueue.rxCount = FULL;
    expect(end.channel.notified()).toBe(true);
    expect(end.tx.canWrite()).toBe(false);
  });

  test("after queries made in ACK", () => {
    const end = openEnd({ nframes: 2, txWords: { txState: ACK } });
    askEverything(end);
    end.txQueue.rxCount = FULL;
    expect(end.channel.notified()).toBe(true);
    expect(end.tx.canWrite()).toBe(false);
  });
});

test("while not ESTABLISHED, no query or verb moves anything, whatever the peer writes", () => {
  for (const state of ["sync", "ack"] as const) {
    const end = openEnd({ nframes: 4 });
    end.enter(state);
    end.rxQueue.txCount = 4;
    const before = end.bytes.slice();
    askEverything(end);
    expect(end.bytes.slice()).toEqual(before);
  }
});
