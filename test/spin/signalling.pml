/*
 * Signalling with masking, one direction of the ring: a writer and a reader that write, read, spin, sleep and serve interrupts
 * (src/ring/tx.ts, rx.ts; src/hypervisor/waits.ts, cookie.ts, guest.ts; SPEC §3, §4, §8); the rest is in interrupts.pml.
 *
 * A step of the model is one access to shared memory, with what is private computed beside it. Both ends run the same code, as
 * they do in the source: `me` is W or R. The time limit of a sleep does not exist here, so nobody is saved by it.
 *
 *   N                  frames in the ring
 *   WAITS, HANDLERS    only the waits of the halves, only handlers with Guest.wait; default: either, in any order
 *   MASKING            the owners also disable and enable their lines
 *   STRAY              rings from elsewhere, returns of Atomics.wait for no reason, looks without a hint
 *   BUG_…              seeded bugs
 *
 * Safety: the assertions (each frame once, in order, untouched while it is read; never more than N), and no end state in which
 * somebody sleeps. Liveness: `delivered`.
 */
#ifndef N
#define N 2
#endif
#define M (3 * N)                  /* counters are modulo M: over-full differs from empty, and a position is count mod N */
#define W 0
#define R 1
#define PEER (1 - me)

/* Shared memory */
byte counts[2];                    /* counts[W]: tx.count, counts[R]: rx.count; each the owner's private count as well */
byte frame[N];                     /* the number of the frame, modulo M */
/* What no program sees */
bool stopped, allRead;                /* the writer writes no more; and the reader has read it all */
#define OVER (me == R && stopped && counts[W] == counts[R])

#define USED(w, r) ((w + M - r) % M)
/* TxHalf.hasRoom, RxHalf.hasFrames: whether k frames can go on, by the cached count of the peer */
#define POSSIBLE(k) (me == W -> USED(counts[W], peerCount) <= N - k : \
                               USED(peerCount, counts[R]) >= k && USED(peerCount, counts[R]) <= N)
/* The same, with a fresh load if the cache says no. */
inline canMove(k) {
  ok = POSSIBLE(k);
  if :: !ok -> peerCount = counts[PEER]; ok = POSSIBLE(k) :: else fi
}

#include "interrupts.pml"

/* The payload of the next k frames: written, or found to be what was written. */
inline copy() {
  i = 0;
  do
  :: i < k && me == W -> frame[(counts[W] + i) % N] = (counts[W] + i) % M; i++
  :: i < k && me == R -> assert(frame[(counts[R] + i) % N] == (counts[R] + i) % M); i++
  :: else -> break
  od;
  i = 0
}

/* TxHalf.publish, RxHalf.consume, and the payload: filled as early as can be, read from early to late */
inline storeCount() {
#if defined(BUG_COUNT_BEFORE_PAYLOAD) || defined(BUG_CONSUME_BEFORE_COPY)
  counts[me] = (counts[me] + k) % M;
  d_step { counts[me] = (counts[me] + M - k) % M; copy(); counts[me] = (counts[me] + k) % M; news[PEER] = true }
#else
  d_step {
    if :: me == R -> copy() :: else fi;
    counts[me] = (counts[me] + k) % M;                                                            /* SYNC publish, consume */
    news[PEER] = true;
    if :: me == W -> sinceTold = (sinceTold + k > N -> N : sinceTold + k) :: else fi;
    assert(USED(counts[W], counts[R]) <= N)
  }
#endif
}

/* Write or read of k frames, if they can go on: sets ok. */
inline move() {
  d_step {
    canMove(k);
#ifndef BUG_COUNT_BEFORE_PAYLOAD
    if :: ok -> copy() :: else fi
#endif
  };
  if
  :: !ok
  :: else ->
#ifdef BUG_MASK_BEFORE_COUNT
     ok = masked[PEER]; storeCount();
     if
     :: ok
#else
     storeCount();
     if
     :: masked[PEER]                                          /* Doorbell.wanted, SYNC mask */
#endif
     :: else ->
        d_step {
#ifndef BUG_CACHED_NOTIFY
          peerCount = counts[PEER];
#endif
          ok = (me == W -> USED(counts[W], peerCount) >= 1 && USED(counts[W], peerCount) <= k :
                           USED(peerCount, counts[R]) >= N - k && USED(peerCount, counts[R]) <= N - 1)
        };
        if :: ok -> ring() :: else fi
     fi;
     ok = true
  fi
}

/* As many frames as one likes, if there are so many; else one. */
inline batch() {
  select(k : 1 .. N);
  move();
  if :: !ok && k > 1 -> k = 1; move() :: else fi;
  k = 1
}

/* waits.ts, look: collect, and the condition */
inline look() { collect(); d_step { canMove(1) } }
/* waits.ts, waitFor: look, spin masked, park, look again, sleep */
inline waitFor() {
  look();
  if
  :: ok
  :: !ok ->
     if
     :: skip                                                  /* spin: 0 */
     :: polling = true; updateMask();                         /* startPolling */
        do
        :: look(); if :: ok -> break :: OVER -> goto finished :: else fi
        :: ok = false; break
        od
     fi;
     if
     :: ok
     :: else ->
        waiting = true; polling = false; updateMask();        /* park */
        do
        :: lookNowAndThen(); look(); if :: ok -> break :: else -> armAndSleep() fi
        od;
        waiting = false; updateMask(); disarm()               /* unpark; EventLoop.resume */
     fi
  fi
}

/* Interrupts.serve and dispatch, with a reader's handler that takes some frames, and a writer's that fills the queue */
inline serve() {
  served = due && !disabled;
  if
  :: !served
  :: else ->
     due = false;
#ifndef BUG_TELL_AFTER_HANDLER
     tell();
#endif
     do :: batch(); if :: !ok || me == R -> break :: else fi od;
#ifdef BUG_TELL_AFTER_HANDLER
     tell();
#endif
#ifndef BUG_NO_RELATCH
     if :: ok && me == R -> d_step { canMove(1); due = due || ok } :: else fi
#endif
  fi
}

/* Guest.wait: poll, then sleep until something was served */
inline guestWait() {
  if :: polling -> polling = false; updateMask() :: else fi;  /* stopAllPolling */
  lookNowAndThen(); collect(); serve();
  do
  :: served -> served = false; break
  :: else -> armAndSleep(); serve()
  od;
  disarm()
}

proctype End(bit me) {
  byte peerCount, sinceTold, i, k = 1;
  bool due = true, polling, disabled, waiting, ok, served;             /* reserve leaves the line pending */
  peerCount = (me == W -> M - N : 0);
  do
  :: me == W -> stopped = true; goto gone
  :: skip;
#ifdef MASKING
     if :: disabled = !disabled; updateMask() :: skip fi;     /* disableIrq, enableIrq */
#endif
     ok = false;
     if
#ifdef MASKING
     :: disabled ->                                           /* polls by hand */
        do :: batch(); if :: ok -> break :: OVER -> goto finished :: else fi od
#endif
#ifndef HANDLERS
     :: waitFor(); batch()
#endif
#ifndef WAITS
     :: !disabled ->                                          /* a writer relies on txReady only after it was refused */
        do :: me == W -> batch(); if :: ok :: else -> break fi :: me == R -> break od;
        guestWait()
#endif
     fi
  od;
finished: allRead = true;
gone: skip
}

#ifdef STRAY
/* Another peer of a guest rings it, or Atomics.wait comes back for no reason: once, at any time, or never. */
active proctype Stray() {
  bit who;
  if :: who = W :: who = R fi;
  if
  :: d_step { asleep[who] = asleep[who] && !(wake[who] & SLEEPING); wake[who] = wake[who] | OTHER }
  :: asleep[who] = false
  fi
}
#endif

init { atomic { run End(W); run End(R) } }

#ifdef LIVENESS
/* Either frames flow for ever, or the writer stops and all of them are read. (A batch cannot jump over N counts.) */
ltl delivered { <> allRead || ([]<> (counts[R] < N) && []<> (counts[R] >= N)) }
#endif
