/*
 * The reset handshake (SPEC §5) with data going both ways: src/ring/channel.ts (reset, step, clear, enter), states.ts (PackedStates,
 * and with WIRE the WireStates), tx.ts and rx.ts (publish, consume, clear, caches).
 *
 * Each end may at any moment write, read, run a step that no ring asked for, or reset, twice; rings are PENDING bits here, as
 * signalling.pml shows that they arrive. A step of the model is one access to shared memory. Queue q is the one that end q
 * transmits in.
 *
 *   N            frames in a queue
 *   SENDS, RESETS0, RESETS1   frames that each end sends, resets of each end, at most
 *   NODATA       no data: for the liveness of the handshake, whose steps look at no count
 *   WIRE         the bare wire protocol: it samples the peer's state and acts later, without compare-exchange
 *   BUG_…        seeded bugs
 *
 * Safety: `overfull`: nothing over-full while both ends are ESTABLISHED; `torn`: nobody fills a slot that is being read, nor reads one
 * that is being filled; `stale`: no frame is delivered after its sender cleared. OVERFULL_ONLY and TORN_ONLY check just one of them,
 * the latter in runs that never had an over-full queue. Liveness: `settles`.
 */
#ifndef N
#define N 1
#endif
#ifndef SENDS
#define SENDS 1
#endif
#ifndef RESETS0
#define RESETS0 2
#endif
#ifndef RESETS1
#define RESETS1 2
#endif
#define M (SENDS + N + 2)          /* counters modulo M do not wrap: what looks over-full is */
#define PEER (1 - me)

#define ESTABLISHED 0              /* layout.ts */
#define SYNC 1
#define ACK 2
#define ACK_BIT 1                  /* states.ts: bits of one side */
#define SYNC_BIT 2
#define UNPACK(bits) ((bits & SYNC_BIT) -> SYNC : ((bits & ACK_BIT) -> ACK : ESTABLISHED))
#define PACK(state) (state == SYNC -> SYNC_BIT : (state == ACK -> ACK_BIT : 0))
#define OWN(word) ((word >> (2 * me)) & 3)
#define PEERS(word) ((word >> (2 * PEER)) & 3)
/* nextState; NONE: no step to do */
#define NONE 3
#define NEXT(own, peer) (peer == SYNC -> ACK : (own == ACK || (own == SYNC && peer == ACK) -> ESTABLISHED : NONE))
#define STEP_TRIES 4

/* Shared memory; the owner's private counts are the same as the words that it alone stores */
byte tx[2], rx[2];                 /* tx.count and rx.count of queue q */
byte frame[2 * N];                 /* slot i of queue q: the frame's number in its sender's session, from 1; 0: of an earlier session */
byte wire[2];                      /* tx.state of queue q; without WIRE it is stored last, and nobody reads it: left out */
byte packed;                       /* the packed states */
bool pending[2];

/* Private to end e */
byte state[2];                     /* Link.state */

/* What no program sees */
byte filling[2], copying[2];       /* in queue q: the slot + 1 that the writer fills; that the reader copies */
bool busy[2];                      /* in the midst of a call */
bool overfullSeen;

#define USED(q) ((tx[q] + M - rx[q]) % M)
#define SETTLED (state[0] == ESTABLISHED && state[1] == ESTABLISHED)
#define OVERFULL (USED(0) > N || USED(1) > N)


/* To be looked at after each store of a count or a state */
inline checkOverfull() {
#ifndef WIRE
  assert(!(SETTLED && OVERFULL))                              /* overfull */
#else
  overfullSeen = overfullSeen || OVERFULL && SETTLED
#endif
}
inline checkTorn(q) {
#ifdef OVERFULL_ONLY
  skip
#else
  assert(!(filling[q] && filling[q] == copying[q]) || overfullSeen)           /* torn */
#endif
}

#if defined(WIRE) && defined(OVERFULL_ONLY)
#define CALLED d_step { busy[me] = false; \
  assert(busy[PEER] || pending[0] || pending[1] || !(SETTLED && OVERFULL)) }                      /* overfull, for ever */
#define CALL busy[me] = true
#else
#define CALL skip
#define CALLED skip
#endif

/* For the trail of a counterexample */
#define SAY(text) printf(text, me)
#define SAYS(text, state) printf(text, me, state)

/* Doorbell.ring */
#define RING pending[PEER] = true

/* TxHalf.dropCache, RxHalf.dropCache: the tx queue seems full, the rx queue empty */
inline dropCaches() { room = (tx[me] + M - N) % M; frames = rx[PEER] }
/* IvcChannel.enter */
inline enter(new) {
  state[me] = new;
#ifndef BUG_KEEP_CACHES
  dropCaches();
#endif
  checkOverfull()
}

/* IvcChannel.clear: TxHalf.clear, RxHalf.clear. The frames in the tx queue are of an earlier session from now on. */
inline clear() {
  d_step {
    tx[me] = 0; i = 0;
    do :: i < N -> frame[N * me + i] = 0; i++ :: else -> i = 0; break od;
#ifndef BUG_KEEP_CACHES
    dropCaches();
#endif
    checkOverfull()
  };
#ifndef BUG_CLEAR_TX_ONLY
  d_step {
    rx[PEER] = 0;                                                                                 /* SYNC clear */
#ifndef BUG_KEEP_CACHES
    frames = 0;
#endif
    checkOverfull(); SAY("end %d has cleared\n")
  };
#endif
  cleared = true
}

/* IvcChannel.reset */
inline reset() {
#ifdef WIRE
  d_step { wire[me] = SYNC; enter(SYNC); SAY("end %d resets\n") };                                                       /* SYNC state */
#else
#ifdef BUG_PLAIN_RESET
  sample = packed;
  d_step { packed = sample | (SYNC_BIT << (2 * me)); sample = 0; enter(SYNC) };
#else
  d_step { packed = packed | (SYNC_BIT << (2 * me)); enter(SYNC) };                               /* SYNC state */
#endif
#endif
  RING
}

/* States.sample, and the table of SPEC §5 */
inline look() {
  d_step {
#ifdef WIRE
    sample = wire[PEER]; next = NEXT(state[me], sample); SAYS("end %d sees %d\n", sample);                                      /* SYNC state */
#else
    sample = packed; next = NEXT(state[me], UNPACK(PEERS(sample)));                               /* SYNC state */
#endif
#ifdef BUG_NO_CLEAR_AT_END
    ok = (next == ACK)
#else
    ok = (next == ACK || (next == ESTABLISHED && state[me] == SYNC))
#endif
  }
}
/* States.commit */
inline commit() {
#ifdef WIRE
  d_step { ok = true; wire[me] = next; enter(next); SAYS("end %d stores %d\n", next) }                                             /* SYNC state */
#else
  d_step {
    ok = (packed == sample);                                                                      /* SYNC state */
#ifdef BUG_NO_COMPARE
    ok = true;
#endif
    if :: ok -> packed = (packed & ~(3 << (2 * me))) | (PACK(next) << (2 * me)); enter(next) :: else fi
  }
#endif
}

#if defined(BUG_NO_RING_ON_ESTABLISHED)
#define NO_RING_ON ESTABLISHED
#elif defined(BUG_NO_RING_ON_ACK)
#define NO_RING_ON ACK
#else
#define NO_RING_ON NONE
#endif
/* IvcChannel.step, and the latch of Cookie.step */
inline step() {
  tries = 0; cleared = false;
  do
  :: tries == STEP_TRIES -> pending[me] = true; break
  :: else ->
     look();
     if :: next == NONE -> break :: else fi;
#ifdef BUG_ACK_BEFORE_CLEAR
     if :: ok -> commit(); if :: ok -> clear(); ok = true :: else fi :: else -> commit() fi;
#else
     if :: ok -> clear() :: else fi;
     commit();
#endif
     if
     :: ok && next != NO_RING_ON -> RING; cleared = false; break
     :: ok && next == NO_RING_ON -> cleared = false; break
     :: else -> tries++
     fi
  od;
  ok = false;
  d_step {
    assert(!(cleared && state[me] == ESTABLISHED));           /* no honest peer makes a step reset */
    tries = 0; cleared = false; sample = 0; next = NONE
  }
}

/*
 * Data. hasRoom and hasFrames go by the cached count of the peer; a fresh load may come at any time while ESTABLISHED, as when the
 * cache says no, when somebody asks canRead or canWrite, and for the transition test. A write or read lasts from the look to the store.
 */
#define ROOM ((tx[me] + M - room) % M < N)
#define FRAMES ((frames + M - rx[PEER]) % M >= 1 && (frames + M - rx[PEER]) % M <= N)

/* TxHalf.write from there on: fill, publish */
inline write() {
  d_step {
    state[me] == ESTABLISHED && sent < SENDS && ROOM -> CALL;
    filling[me] = tx[me] % N + 1; SAYS("end %d fills slot %d\n", tx[me] % N); checkTorn(me)
  };
  d_step {
    frame[N * me + tx[me] % N] = tx[me] + 1; tx[me] = tx[me] + 1; sent++;                         /* SYNC publish */
    filling[me] = 0; SAY("end %d has published\n"); checkOverfull()
  }
}

/* RxHalf.read from there on: copy, consume */
inline read() {
  d_step {
    state[me] == ESTABLISHED && FRAMES -> CALL;
    copying[PEER] = rx[PEER] % N + 1; SAYS("end %d copies slot %d\n", rx[PEER] % N); checkTorn(PEER)
  };
  d_step {
#ifndef WIRE
    assert(frame[N * PEER + rx[PEER] % N] == rx[PEER] + 1);                                       /* stale */
#endif
    rx[PEER] = rx[PEER] + 1;                                                                      /* SYNC consume */
    copying[PEER] = 0; SAY("end %d has consumed\n"); checkOverfull()
  }
}

#ifdef LIVENESS
#define IDLE !pending[me]          /* who is rung does not go on looking for data for ever */
#else
#define IDLE true
#endif

proctype End(bit me) {
  byte room = M - N, frames, sent, resets, sample, next = NONE, tries, i;
  bool ok, cleared;
  do
  :: d_step { pending[me] -> pending[me] = false; CALL }; step(); CALLED
  :: d_step { true -> CALL }; step(); CALLED       /* a step without a ring */
  :: d_step { resets < (me == 0 -> RESETS0 : RESETS1) -> resets++; CALL }; reset(); CALLED
#ifndef NODATA
  :: d_step { state[me] == ESTABLISHED && IDLE -> room = rx[me] }                                         /* SYNC consume */
  :: d_step { state[me] == ESTABLISHED && IDLE -> frames = tx[PEER] }                                     /* SYNC publish */
  :: write(); CALLED
  :: read(); CALLED
#endif
#ifdef LIVENESS
  :: IDLE                                                     /* nobody need run a step unless rung */
#endif
  od
}

init { atomic { run End(0); run End(1) } }

#ifdef LIVENESS
ltl settles { <> [] SETTLED }
#endif
