// relay: a way to a node that can be cut and mended, as a network can.
import { connect, createServer } from "node:net";

// `base` is the same node seen over the relay.
export function relay(target) {
  const { hostname, port } = new URL(target), sockets = new Set();
  let is_cut = false;
  const server = createServer((near) => {
    if (is_cut) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => { sockets.delete(one); other.destroy(); });
    }
    return undefined;
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({
    base: `http://127.0.0.1:${server.address().port}`,
    cut: () => { is_cut = true; for (const socket of sockets) socket.destroy(); },
    mend: () => { is_cut = false; },
    close: () => { for (const socket of sockets) socket.destroy(); return new Promise((done) => server.close(done)); },
  })));
}
