/** What the threads of the scenarios are made of: one end of a channel that does some work, step by step. */
import type { IvcCookie, IvcOps } from "../../src/hypervisor/cookie.ts";
import type { GuestHandle } from "../../src/hypervisor/handle.ts";
import type { IvcChannel } from "../../src/ring/channel.ts";
import { START } from "./host.ts";
import { type Actor, CONTENT, type Environment, ESTABLISHED } from "./scenario.ts";

/** One piece of an end's work. It remembers nothing: what must be remembered is in the end. */
export type Step = (end: End) => boolean;

/** Longest time that a look at all lines is remembered, in ms: the library's slice. */
const SLICE = 250;

/** The byte of a frame: never 0, which is what the rest of a frame is filled with. */
function tag(epoch: number, sequence: number): number {
  return 1 + (epoch << 5) + (sequence % 32);
}

/** How an end is. */
interface EndOptions {
  /** Whether the last step is repeated for ever. */
  readonly forever?: boolean;
  /** Frames that {@link trySend} may send. */
  readonly sends?: number;
  /** Resets that {@link reset} may start. */
  readonly resets?: number;
  /** Frames that it must have received before it may rest; it must then also have sent all of its own. */
  readonly expects?: number;
}

/** An end of a channel, bare or reserved. */
export class End implements Actor {
  readonly environment: Environment;
  /** What is to be done, in order; when all of it is, the last step is repeated if `forever`. */
  private readonly steps: readonly Step[];
  private readonly forever: boolean;
  private at = 0;
  guest: ReturnType<Environment["library"]["attach"]> | undefined;
  cookie: IvcCookie | undefined;
  channel: IvcChannel | undefined;
  /** How many times the step under way has succeeded. */
  times = 0;
  /** Frames that it may still send, and resets that it may still start. */
  sends: number;
  resets: number;
  private readonly expects: number | undefined;
  private total = 0;
  /** The session in which it last sent, and a number for it that frames carry. */
  private sentIn = 0;
  private epoch = 0;
  private sequence = 0;
  /** The tag of the frame it last received. */
  private last = 0;

  constructor(
    environment: Environment,
    steps: readonly Step[],
    { forever = false, sends = 0, resets = 0, expects }: EndOptions = {},
  ) {
    this.expects = expects;
    this.environment = environment;
    this.sends = sends;
    this.resets = resets;
    this.steps = steps;
    this.forever = forever;
  }

  /** Opens a bare end. */
  bare(channel: IvcChannel): this {
    this.channel = channel;
    return this;
  }

  /** Attaches by a handle. */
  attach(handle: GuestHandle): this {
    this.guest = this.environment.library.attach(handle);
    return this;
  }

  /** Reserves an endpoint of the guest. */
  reserve(id = 0, ops?: IvcOps): this {
    this.cookie = this.guest?.reserve(id, ops);
    this.channel = this.cookie?.channel;
    return this;
  }

  /** Numbers its frames from where the last owner stopped. */
  goOn(): this {
    this.sequence = this.channel?.tx.published as number;
    return this;
  }

  /** The halves: those of the reserved endpoint, if it is one. */
  get halves(): Pick<IvcChannel, "tx" | "rx"> {
    return (this.cookie ?? this.channel) as Pick<IvcChannel, "tx" | "rx">;
  }

  turn(): boolean {
    const step = this.steps[this.at] as Step;
    if (step(this)) {
      this.times = 0;
      if (this.at < this.steps.length - 1) this.at++;
      else if (!this.forever) return true;
    }
    this.rebase();
    return false;
  }

  label(): number {
    const established = this.channel?.state === "established";
    const resting = this.forever && this.at === this.steps.length - 1;
    const content = resting && established && (this.expects === undefined || this.total >= this.expects);
    return (established ? ESTABLISHED : 0) | (content ? CONTENT : 0);
  }

  /** Whether it may stop to send. */
  get mayStop(): boolean {
    return this.expects === undefined || this.sends === 0;
  }

  /** The byte of the next frame to send, or of one further on. */
  nextTag(ahead = 0): number {
    return this.goesOn ? tag(this.epoch, this.sequence + ahead) : tag((this.epoch + 1) % 4, ahead);
  }

  /** Whether it has sent in this session already, or it is the first. */
  private get goesOn(): boolean {
    return this.channel?.session === this.sentIn;
  }

  /** Notes that frames were sent. */
  sent(frames: number): void {
    if (!this.goesOn) {
      this.epoch = (this.epoch + 1) % 4;
      this.sequence = 0;
      this.sentIn = this.channel?.session as number;
    }
    this.sequence = (this.sequence + frames) % 32;
    this.times += frames;
  }

  /** Checks the byte of a frame that came: the next of its session, or the first of a new one. */
  received(value: number): void {
    const [epoch, sequence] = [(value - 1) >> 5, (value - 1) & 31];
    const [lastEpoch, lastSequence] = [(this.last - 1) >> 5, (this.last - 1) & 31];
    const goesOn = epoch === lastEpoch && sequence === (lastSequence + 1) % 32;
    this.environment.recorder.expect(
      goesOn || (sequence === 0 && epoch !== lastEpoch),
      `a frame came that is not the next: ${value} after ${this.last}`,
    );
    this.last = value;
    if (this.expects !== undefined) this.total++;
    this.times++;
  }

  /** Numbers sessions and times anew, so that they do not tell states apart that are the same. */
  rebase(): void {
    const { channel, guest } = this;
    if (channel) {
      const link = (channel as unknown as { link: { session: number } }).link;
      link.session = link.session === this.sentIn ? 0 : 1;
      this.sentIn = 0;
    }
    const { host } = this.environment;
    const passed = host.rebase();
    if (!guest) return;
    // Each wait sets its own deadline.
    const timed = guest.interrupts as unknown as { lastLook: number; deadline: number };
    timed.deadline = 0;
    timed.lastLook = Math.max(timed.lastLook - passed, START - SLICE);
  }
}
