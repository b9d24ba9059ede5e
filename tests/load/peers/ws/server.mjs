// A broadcast server on node's `ws`, as its own documentation writes one: the first message of a connection names its
// room, every later one goes to all the others in that room. Prints `listening` once it accepts connections.
import { WebSocketServer } from 'ws';

const rooms = new Map();
const server = new WebSocketServer({
    host: '127.0.0.1',
    port: Number(process.argv[2]),
    backlog: 4096,
    perMessageDeflate: false,
    clientTracking: false,
});
server.on('listening', () => console.log('listening'));
server.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.once('message', (name) => {
        const key = name.toString();
        const room = rooms.get(key) ?? new Set();
        rooms.set(key, room);
        room.add(socket);
        socket.on('message', (message, binary) => {
            for (const member of room) {
                if (member !== socket) member.send(message, { binary });
            }
        });
        socket.on('close', () => {
            room.delete(socket);
            if (room.size === 0) rooms.delete(key);
        });
        socket.send('joined');
    });
});
