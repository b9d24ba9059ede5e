// A chat room server on Socket.IO with its Redis adapter, as their documentations write one: `join` puts a socket into a
// room and is acknowledged, `say` goes to all the others in that room through Redis. Prints `listening` once it accepts
// connections.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, redisPort] = process.argv.slice(2).map(Number);

const publisher = createClient({ url: `redis://127.0.0.1:${redisPort}` });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) {
    client.on('error', (error) => console.error(error));
}
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
    adapter: createAdapter(publisher, subscriber),
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    // A measurement has no time for heartbeats; they would only cost.
    pingInterval: 300_000,
    pingTimeout: 300_000,
});
io.on('connection', (socket) => {
    socket.on('join', async (room, done) => {
        socket.data.room = room;
        await socket.join(room);
        done();
    });
    socket.on('say', (text) => socket.to(socket.data.room).emit('said', text));
});
http.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => console.log('listening'));
