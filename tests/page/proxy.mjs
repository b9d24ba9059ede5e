// A reverse proxy that serves a gateway under a path prefix, as a site with one host name would.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";

/** Returns `{origin, close}`; `GET {origin}{prefix}/x` asks the gateway for `/x`. */
export async function prefixed(prefix, port) {
  const strip = (url) => (url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null);
  const sockets = new Set();
  const server = createServer((incoming, outgoing) => {
    const path = strip(incoming.url);
    if (path === null) return outgoing.writeHead(404).end();
    const onward = request({ port, path, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.on("upgrade", (incoming, near) => {
    const far = connect(port, "127.0.0.1", () => {
      const headers = incoming.rawHeaders.reduce(
        (lines, part, index) => lines + part + (index % 2 ? "\r\n" : ": "),
        "",
      );
      far.write(`GET ${strip(incoming.url) ?? "/"} HTTP/1.1\r\n${headers}\r\n`);
      near.pipe(far).pipe(near);
    });
    for (const socket of [near, far]) socket.on("error", () => [near, far].forEach((each) => each.destroy()));
  });
  server.on("connection", (socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
