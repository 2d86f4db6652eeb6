// mock: serves the API contract over a made-up world, and the built console, for development and tests.
// usage: node dev/mock.mjs [--port N]    prints one line: the sign-in link. It is no node: nothing is stored.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { answer_api } from "./mock_api.mjs";
import { start } from "./mock_world.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2" };
// As strict as the node: the console must work under it.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

async function answer_file(path, response) {
  const file = normalize(join(dist, path));
  const wanted = file.startsWith(dist) && extname(file) ? file : join(dist, "index.html");
  try {
    const bytes = await readFile(wanted);
    response.writeHead(200, { "content-type": types[extname(wanted)] ?? "application/octet-stream", "content-security-policy": policy });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}

export function serve(port = 0) {
  const code = "test-code", began = Date.now();
  const now = () => start + (Date.now() - began);
  const state = { code, now, signed_in: new Set(), streams: new Set() };
  const server = createServer((request, response) => {
    response.sendDate = false;
    response.setHeader("date", new Date(now()).toUTCString());
    const url = new URL(request.url, "http://localhost");
    if (url.pathname.startsWith("/api/v1/")) return void answer_api(state, request, response, url);
    return void answer_file(url.pathname, response);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => {
    const base = `http://127.0.0.1:${server.address().port}`;
    resolve({ base, link: `${base}/api/v1/signin?code=${code}`, code, state,
      close: () => { for (const s of state.streams) s.end(); server.closeAllConnections(); return new Promise((done) => server.close(done)); } });
  }));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf("--port");
  const { link } = await serve(at > 0 ? Number(process.argv[at + 1]) : 8480);
  console.log(link);
}
