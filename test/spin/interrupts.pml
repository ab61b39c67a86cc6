/*
 * Lines and wake words of the two ends of signalling.pml: src/hypervisor/doorbell.ts, line.ts, interrupts.ts (SPEC §8, "Lines").
 * `me` is the end that runs this, with its private variables `due`, `disabled`, `polling`, `waiting`; `ok` passes answers.
 */
bool pending[2], masked[2];        /* the line of each end: PENDING, MASKED */
bool group[2];                     /* the line's bit in its group */
byte wake[2];                      /* the wake word of each end */
#define GROUP 1                    /* our group rang */
#define OTHER 2                    /* another group rang */
#define SLEEPING 4
bool asleep[2];                    /* blocked in Atomics.wait */
bool news[2];                      /* the peer's count is not the told one (Cookie.untold, but for 2^32 frames in between) */

/* Doorbell.ring */
inline ring() {
  d_step { ok = pending[PEER]; pending[PEER] = true };                                            /* SYNC ring */
  if
  :: ok
  :: else ->
     group[PEER] = true;
     d_step { ok = (wake[PEER] & SLEEPING) != 0; wake[PEER] = wake[PEER] | GROUP };               /* SYNC wake */
     if :: ok -> asleep[PEER] = false :: else fi                                                  /* Atomics.notify */
  fi
}

/* Interrupts.take. */
inline take() { d_step { if :: pending[me] -> pending[me] = false; due = true :: else fi } }
/* Interrupts.collect. It loads the wake word before it exchanges it: bits that the load saw are there until then. */
inline collect() {
#ifdef BUG_LINE_BEFORE_WAKE
  take();
#endif
  d_step { ok = (wake[me] & GROUP) != 0; if :: wake[me] & (GROUP | OTHER) -> wake[me] = 0 :: else fi };   /* SYNC wake */
  if
  :: ok -> d_step { ok = group[me]; group[me] = false };
#ifndef BUG_LINE_BEFORE_WAKE
     if :: ok -> take() :: else fi                                                                /* SYNC ring */
#endif
  :: else
  fi
}
/* Interrupts.lookNowAndThen: by the clock, at any time or never */
inline lookNowAndThen() {
#ifdef STRAY
  if :: take() :: skip fi
#else
  skip
#endif
}

/* Cookie.untold: the peer's counts differ from the told ones, and something can go on */
inline untold() {
  d_step {
    if :: news[me] && (me == R || sinceTold >= N) -> canMove(1); if :: ok -> due = true :: else fi :: else fi
  }
}
/* Cookie.tell. sinceTold: frames published since the told count, N standing for more */
inline tell() { d_step { news[me] = false; if :: me == W -> sinceTold = USED(counts[W], counts[R]) :: else fi } }

/* Interrupts.updateMask */
#define WANTED ((disabled || polling) && !waiting)
inline updateMask() {
#ifdef BUG_LOOK_BEFORE_UNMASK
  if :: masked[me] && !WANTED -> untold() :: else fi;
#endif
  d_step { ok = masked[me] && !WANTED; masked[me] = WANTED };                                     /* SYNC mask */
#ifdef BUG_TOLD_AT_MASK
  if :: masked[me] -> tell() :: else fi;
#endif
#if !defined(BUG_UNMASK_NO_LOOK) && !defined(BUG_LOOK_BEFORE_UNMASK)
  if :: ok -> untold() :: else fi
#endif
}

/* Interrupts.arm, sleep, and the collect after it. `armed` is the SLEEPING bit: whatever arm says, collect clears it */
inline armAndSleep() {
#ifdef BUG_FLAG_AFTER_RECHECK
  d_step { ok = true; wake[me] = wake[me] | SLEEPING };
  asleep[me] = true;
#else
  d_step { ok = (wake[me] & (GROUP | OTHER)) == 0; wake[me] = wake[me] | SLEEPING };              /* SYNC wake */
  if :: ok -> asleep[me] = (wake[me] == SLEEPING) :: else fi;                                     /* Atomics.wait */
#endif
  if :: !asleep[me] :: asleep[me] && OVER -> goto finished fi;
  lookNowAndThen();
  collect()
}
inline disarm() { wake[me] = wake[me] & ~SLEEPING }

