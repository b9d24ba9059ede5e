package timgate.line;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/**
 * Makes the TCP socket of one connection and keeps hold of it: closing that is the only way to end a dial, a handshake or
 * a write to a line that is dead at once.
 */
final class AbortableSockets extends SocketFactory {
    private Socket made;
    private boolean isAborted;

    @Override
    public synchronized Socket createSocket() throws IOException {
        if (isAborted) {
            throw new IOException("the connection was given up");
        }
        made = new Socket();
        return made;
    }

    void abort() {
        final Socket socket;
        synchronized (this) {
            isAborted = true;
            socket = made;
        }
        if (socket == null) {
            return;
        }
        // On Android nothing that touches the network may be done on the main thread, and closing may.
        Thread closing = new Thread("timgate-close") {
            @Override
            public void run() {
                try {
                    socket.close();
                } catch (IOException gone) {
                    // It is closed then.
                }
            }
        };
        closing.setDaemon(true);
        closing.start();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new IOException("not used");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
        throw new IOException("not used");
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        throw new IOException("not used");
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
        throw new IOException("not used");
    }
}
