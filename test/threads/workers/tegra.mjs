/** The stream of engine.mjs, written as a driver would. */
import { parentPort, workerData } from "node:worker_threads";
import {
  ENOMEM,
  IS_ERR,
  tegra_hv_ivc_read,
  tegra_hv_ivc_reserve,
  tegra_hv_ivc_unreserve,
  tegra_hv_ivc_write,
  tegra_hv_probe,
  tegra_hv_remove,
  wait_for_irqs,
} from "ivc-ring/tegra";
import { check, FRAME_SIZE, fill, wordsOf } from "./frames.mjs";

const { handle, send = 0, receive = 0 } = workerData;
const buf = new Uint8Array(FRAME_SIZE);
const words = wordsOf(buf);

function must(result, ...allowed) {
  if (IS_ERR(result) && !allowed.includes(result)) throw new Error(`got errno ${-result}`);
  return result;
}

const dn = must(tegra_hv_probe(handle));
const ck = must(tegra_hv_ivc_reserve(dn, handle.endpoints[0].id, null));
let sent = 0;
let received = 0;

function step() {
  let moved = false;
  if (sent < send) {
    fill(words, sent);
    if (must(tegra_hv_ivc_write(ck, buf, FRAME_SIZE), -ENOMEM) === FRAME_SIZE) {
      sent++;
      moved = true;
    }
  }
  if (received < receive && must(tegra_hv_ivc_read(ck, buf, FRAME_SIZE), -ENOMEM) === FRAME_SIZE) {
    check(words, received++);
    moved = true;
  }
  return moved;
}

while (sent < send || received < receive) {
  if (!step() && must(wait_for_irqs(dn, 20_000)) === 0) throw new Error(`timed out after ${sent} out, ${received} in`);
}
must(tegra_hv_ivc_unreserve(ck));
must(tegra_hv_remove(dn));
parentPort.postMessage({ sent, received });
