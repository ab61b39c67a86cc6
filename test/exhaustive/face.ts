/** What the scenarios use of the library: bundled with the simulated memory in the place of src/memory.ts. */
export * as areas from "../../src/hypervisor/areas.ts";
export { attach, attachedGuests } from "../../src/hypervisor/guest.ts";
export { guestDown } from "../../src/hypervisor/guest-down.ts";
export { Hypervisor } from "../../src/hypervisor/hypervisor.ts";
export { wordsOf } from "../../src/memory.ts";
export { IvcChannel } from "../../src/ring/channel.ts";
