"""A broadcast server on uWebSockets, through its Python binding `socketify`.

The first message of a connection names its topic, every later one is published to all the others that follow it. Python
runs once for each message that comes in; the fan-out, the framing and the writing are uWebSockets' own. Prints
`listening` once it accepts connections.

Two calls go past the binding's own methods, in uWebSockets' favour:

- `app.run()` lets asyncio turn and only polls libuv: ten thousand empty turns after each message before it begins to
  sleep, then in steps of a millisecond. At a moderate rate its CPU would be that of the polling. Nothing here needs
  asyncio, so libuv's loop runs as it is and blocks while there is nothing to do: the CPU is that of the work.
- `ws.publish()` sends to the publisher too; uWebSockets' own publish leaves it out, as the other servers do.
"""

import sys

from socketify import App, OpCode
from socketify.native import ffi, lib

topics = {}


def connection(ws):
    """The address of the native socket: the binding makes a new Python object for each event."""
    return int(ffi.cast("uintptr_t", ws.ws))


def message(ws, data, opcode):
    payload = data.encode() if isinstance(data, str) else data
    topic = topics.get(connection(ws))
    if topic is None:
        topics[connection(ws)] = payload
        ws.subscribe(payload)
        ws.send("joined", OpCode.TEXT)
    else:
        lib.uws_ws_publish_with_options(0, ws.ws, topic, len(topic), payload, len(payload), int(opcode), False)


def close(ws, code, reason):
    topics.pop(connection(ws), None)


def listening(config):
    print("listening", flush=True)


app = App()
app.ws(
    "/*",
    {
        "compression": 0,
        # Room for what a slow reader has not taken yet: with the default of 64 kB messages are dropped in a burst.
        "max_backpressure": 64 * 1024 * 1024,
        "max_payload_length": 64 * 1024,
        "idle_timeout": 960,
        "message": message,
        "close": close,
    },
)
app.listen({"port": int(sys.argv[1]), "host": "127.0.0.1"}, listening)
app.loop.uv_loop.run()
