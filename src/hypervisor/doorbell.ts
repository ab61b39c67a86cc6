/** One endpoint's line, as its peer sees it: how it is rung, and whether that is wanted (SPEC §8, "Lines"). */
import { load, notify, or, type Words } from "../memory.ts";
import type { Bell } from "../ring/bell.ts";
import { areaWord, areaWords, GROUP_LINES, groupIndex, lineIndex, SLEEPING, WAKE, WAKE_BITS } from "./areas.ts";
import type { EndpointHandle, PairHandle } from "./handle.ts";
import { MASKED, PENDING } from "./line.ts";

/** Rings the line of an endpoint's peer. */
export class Doorbell implements Bell {
  /** Rings that this end has sent so far. */
  rings = 0;
  private readonly line: Words;
  private readonly wake: Words;
  private readonly group: number;
  private readonly lineBit: number;
  private readonly groupBit: number;

  constructor(endpoint: EndpointHandle, pair: PairHandle) {
    const { channel, side, peerLine } = endpoint;
    this.line = areaWord(pair.area, lineIndex(channel, side === 0 ? 1 : 0));
    this.wake = areaWords(pair.peerWake);
    const group = Math.floor(peerLine / GROUP_LINES);
    this.group = groupIndex(group);
    this.lineBit = 1 << (peerLine % GROUP_LINES);
    this.groupBit = 1 << (group % WAKE_BITS);
  }

  wanted(): boolean {
    return (load(this.line, 0) & MASKED) === 0; // SYNC mask
  }

  ring(): void {
    this.rings++;
    if ((or(this.line, 0, PENDING) & PENDING) === 0) this.hint(); // SYNC ring
  }

  /** Rings also if a ring is pending: whoever rang may have died before it told. */
  ringSurely(): void {
    or(this.line, 0, PENDING); // SYNC ring
    this.hint();
  }

  private hint(): void {
    or(this.wake, this.group, this.lineBit);
    if (or(this.wake, WAKE, this.groupBit) & SLEEPING) notify(this.wake, WAKE); // SYNC wake
  }
}
