/** Guests, lines, loopback, hand-over and death against plain arrays and a model of what is pending (SPEC §5, §6, §8). */
import { test } from "@fast-check/vitest";
import * as fc from "fast-check";
import { runs, TIMEOUT } from "./arbitraries.ts";
import { finish, machineCommands, machineSetup, start } from "./machine-commands.ts";

const run = machineSetup.chain((setup) => fc.record({ setup: fc.constant(setup), commands: machineCommands(setup) }));

test.prop([run], runs(1500))(
  "two guests lose no frame and no interrupt",
  ({ setup, commands }) => {
    const machine = start(setup);
    machine.check();
    fc.modelRun(() => ({ model: machine, real: undefined }), commands);
    finish(machine);
  },
  TIMEOUT,
);
