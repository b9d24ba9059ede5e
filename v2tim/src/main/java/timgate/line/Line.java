package timgate.line;

import java.util.Random;
import timgate.Log;
import timgate.loop.Loop;
import timgate.loop.Timer;
import timgate.wire.Frame;

/**
 * The line to the gateway: dials, notices that a connection is dead, and dials again until it is told to stop.
 *
 * Everything happens on the loop.
 */
public final class Line {
    /** Who uses the line. */
    public interface Owner {
        void connecting();

        void connected();

        /** An attempt to connect failed; another follows. */
        void failed(String why);

        /** The connection is gone; another follows. */
        void lost();

        void received(Frame frame);

        /** Asks the gateway something that it answers at once. */
        void beat();

        /** Called on the connection's own thread before a frame is given to the loop: waits while too much is under way. */
        void awaitRoom() throws InterruptedException;
    }

    /** How long a connection may be silent before it is tried, and how long the answer may take. */
    private enum Pace {
        /** A dead line is found within 18 s. */
        IN_FRONT(10_000, 8_000, 10_000),
        /** A radio that sleeps is woken once a minute. Gateways take a client for dead after 90 s. */
        IN_BACK(60_000, 15_000, 30_000);

        final long silenceMs;
        final long answerMs;
        final long mostBackoffMs;

        Pace(long silenceMs, long answerMs, long mostBackoffMs) {
            this.silenceMs = silenceMs;
            this.answerMs = answerMs;
            this.mostBackoffMs = mostBackoffMs;
        }
    }

    private static final long DIAL_WITHIN_MS = 12_000;
    private static final long BETWEEN_DIALS_MS = 1_000;
    /** The answer to the question whether a line is still there, when a phone has woken up or changed its network. */
    private static final long WOKEN_ANSWER_MS = 4_000;
    /** A connection that ends sooner was refused rather than lost. */
    private static final long LIVED_MS = 5_000;
    /** Spreads the clients of a gateway that restarts. */
    private static final long SPREAD_MS = 500;

    private final Loop loop;
    private final Owner owner;
    private final int sdkAppId;
    private final String instance;
    private final Random random;
    private final Backoff backoff;
    private Address address;
    private Pace pace = Pace.IN_FRONT;
    private boolean isWanted;
    private Socket socket;
    private boolean isOpen;
    private long dialedAt = now() - BETWEEN_DIALS_MS;
    private long openedAt;
    private long heardAt;
    /** When the question was asked that is to be answered; 0 when none is open. */
    private long askedAt;
    private Timer dialTimer;
    private Timer redialTimer;
    private Timer silenceTimer;

    public Line(Loop loop, Owner owner, Address address, int sdkAppId, Random random) {
        this.loop = loop;
        this.owner = owner;
        this.address = address;
        this.sdkAppId = sdkAppId;
        this.instance = instance(random);
        this.random = random;
        this.backoff = new Backoff(random);
    }

    /** By it the gateway knows the device again on each connection. */
    private static String instance(Random random) {
        StringBuilder digits = new StringBuilder();
        while (digits.length() < 32) {
            digits.append(Character.forDigit(random.nextInt(16), 16));
        }
        return digits.toString();
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }

    public boolean isOpen() {
        return isOpen;
    }

    /** From now on there is to be a connection. */
    public void open() {
        isWanted = true;
        if (socket == null) {
            dial();
        }
    }

    /** Ends the connection, and dials no more. */
    public void close() {
        isWanted = false;
        drop();
        Timer.cancel(redialTimer);
    }

    /** Ends the connection and makes another one at once. */
    public void renew() {
        boolean wasOpen = isOpen;
        drop();
        if (wasOpen) {
            owner.lost();
        }
        if (isWanted) {
            dial();
        }
    }

    /** The gateway has let the device in. */
    public void accepted() {
        backoff.eased();
    }

    public void send(String text) {
        if (isOpen) {
            socket.send(text);
        }
    }

    /** Does not wait for the next attempt: somebody wants something. An app that asks in a loop is no reason to dial in one. */
    public void hurry() {
        if (isWanted && socket == null && now() - dialedAt >= BETWEEN_DIALS_MS) {
            dial();
        }
    }

    /** The app came to the front, or went to the back. */
    public void setInFront(boolean isInFront) {
        pace = isInFront ? Pace.IN_FRONT : Pace.IN_BACK;
        if (isInFront) {
            check();
        } else if (isOpen) {
            watch();
        }
    }

    /** Asks whether the connection is still there: the network may be another, or the device may have slept. */
    public void check() {
        if (isOpen && askedAt == 0) {
            ask(WOKEN_ANSWER_MS);
        } else {
            hurry();
        }
    }

    private void dial() {
        Timer.cancel(redialTimer);
        dialedAt = now();
        owner.connecting();
        final Attempt attempt = new Attempt();
        socket = new WebSocket(address.of(sdkAppId, instance, random), attempt);
        attempt.socket = socket;
        dialTimer = loop.after(DIAL_WITHIN_MS, new Runnable() {
            @Override
            public void run() {
                if (attempt.isCurrent() && !isOpen) {
                    attempt.over("the gateway does not answer");
                }
            }
        });
        socket.open();
    }

    private void drop() {
        Timer.cancel(dialTimer);
        Timer.cancel(silenceTimer);
        if (socket != null) {
            socket.abandon();
        }
        socket = null;
        isOpen = false;
        askedAt = 0;
    }

    private void redialAfter(long milliseconds) {
        if (!isWanted) {
            return;
        }
        redialTimer = loop.after(milliseconds, new Runnable() {
            @Override
            public void run() {
                if (isWanted && socket == null) {
                    dial();
                }
            }
        });
    }

    private void heard() {
        heardAt = now();
        askedAt = 0;
    }

    /** Looks after the silence of the connection, from now on at the present pace. */
    private void watch() {
        if (askedAt == 0) {
            lookAfter(Math.max(0, heardAt + pace.silenceMs - now()));
        }
    }

    private void ask(long answerMs) {
        askedAt = now();
        lookAfter(answerMs);
        owner.beat();
    }

    private void lookAfter(long milliseconds) {
        Timer.cancel(silenceTimer);
        silenceTimer = loop.after(milliseconds, new Runnable() {
            @Override
            public void run() {
                look();
            }
        });
    }

    private void look() {
        if (!isOpen) {
            return;
        }
        if (askedAt != 0) {
            Log.info("the gateway does not answer on this connection: it is given up");
            renew();
        } else if (now() - heardAt >= pace.silenceMs) {
            ask(pace.answerMs);
        } else {
            watch();
        }
    }

    /** One attempt to connect and the connection that came of it. What an older one tells is nobody's business. */
    private final class Attempt implements Socket.Events {
        private Socket socket;

        private boolean isCurrent() {
            return socket == Line.this.socket;
        }

        @Override
        public void opened() {
            loop.run(new Runnable() {
                @Override
                public void run() {
                    if (isCurrent()) {
                        Timer.cancel(dialTimer);
                        isOpen = true;
                        openedAt = now();
                        heard();
                        watch();
                        owner.connected();
                    }
                }
            });
        }

        @Override
        public void received(String text) throws InterruptedException {
            owner.awaitRoom();
            final Frame frame = Frame.parse(text);
            loop.run(new Runnable() {
                @Override
                public void run() {
                    if (!isCurrent()) {
                        return;
                    }
                    heard();
                    if (frame != null) {
                        owner.received(frame);
                    } else {
                        Log.warn("what the gateway sent is no frame and was dropped");
                    }
                }
            });
        }

        @Override
        public void ended(final String why) {
            loop.run(new Runnable() {
                @Override
                public void run() {
                    if (isCurrent()) {
                        over(why);
                    }
                }
            });
        }

        private void over(String why) {
            boolean wasOpen = isOpen;
            boolean hasLived = wasOpen && now() - openedAt >= LIVED_MS;
            drop();
            Log.info((wasOpen ? "the connection to " : "no connection to ") + address + ": " + why);
            if (wasOpen) {
                owner.lost();
            } else {
                owner.failed(why);
            }
            if (hasLived) {
                backoff.succeeded();
                redialAfter((long) (random.nextDouble() * SPREAD_MS));
            } else {
                redialAfter(backoff.nextMs(pace.mostBackoffMs));
            }
        }
    }
}
