/** Does with its guest what it is told, and says that it has. */
import { parentPort, workerData } from "node:worker_threads";
import { attach } from "ivc-ring";

let guest;
let cookie;

const verbs = {
  attach: () => {
    guest = attach(workerData);
  },
  reserve: () => {
    cookie = guest.reserve(workerData.endpoints[0].id);
  },
  unreserve: () => cookie.unreserve(),
  detach: () => guest.detach(),
};

parentPort.on("message", (verb) => {
  try {
    verbs[verb]();
    parentPort.postMessage(verb);
  } catch (error) {
    parentPort.postMessage(error.code);
  }
});
