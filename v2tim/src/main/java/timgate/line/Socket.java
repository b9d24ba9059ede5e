package timgate.line;

/** One connection, from the dial to its end. It is not taken up again. */
interface Socket {
    /** What becomes of it. All of it comes on threads of the connection's own; `ended` once, and nothing after it. */
    interface Events {
        void opened();

        void received(String text) throws InterruptedException;

        void ended(String why);
    }

    /** Dials; what comes of it is told. */
    void open();

    /** Sends, or drops it when the connection is not open; its end is told then. Never waits. */
    void send(String text);

    /** Ends it now, whatever state it is in; nothing is told any more. */
    void abandon();
}
