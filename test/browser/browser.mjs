/**
 * Serves the page to a browser, and tells what holds there: `node test/browser/browser.mjs chromium`, or `firefox`, or the path
 * of one of them. It is served with the two headers without which a browser has no SharedArrayBuffer.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json" };
const PATIENCE = 120_000;

const [browser = "chromium"] = process.argv.slice(2);
const profile = await mkdtemp(join(tmpdir(), "ivc-ring-browser-"));
const options = browser.includes("firefox")
  ? ["--headless", "--no-remote", "--profile", profile]
  : ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];

let found;
const findings = new Promise((resolve) => (found = resolve));

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/findings") {
    let body = "";
    for await (const part of request) body += part;
    response.end();
    found(JSON.parse(body));
    return;
  }
  try {
    const body = await readFile(join(ROOT, normalize(pathname)));
    response.writeHead(200, {
      "Content-Type": TYPES[extname(pathname)] ?? "application/octet-stream",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "localhost", resolve));

const url = `http://localhost:${server.address().port}/test/browser/page.html`;
const child = spawn(browser, [...options, url], { stdio: "ignore", detached: true });
const failed = new Promise((_, reject) => {
  child.once("error", reject);
  child.once("exit", () => reject(new Error("expected the browser to go on until it has told its findings")));
});
const late = new Promise((_, reject) =>
  setTimeout(() => reject(new Error("expected findings within 2 minutes")), PATIENCE),
);

try {
  const { agent, findings: all } = await Promise.race([findings, failed, late]);
  console.log(agent);
  for (const { name, error, ms } of all) console.log(error ? `FAILED ${name}: ${error}` : `holds  ${name} (${ms} ms)`);
  process.exitCode = all.some(({ error }) => error) ? 1 : 0;
} finally {
  if (child.pid && child.exitCode === null) process.kill(-child.pid);
  server.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
