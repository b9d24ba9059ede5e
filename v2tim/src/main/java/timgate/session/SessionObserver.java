package timgate.session;

import timgate.wire.Frame;

/** Who is told what becomes of sessions and lines. All on the loop. */
public interface SessionObserver {
    void connecting();

    void connected();

    void connectFailed(int code, String text);

    /** The session was begun; `isBack` when it was taken up again. */
    void loggedIn(Session session, boolean isBack);

    /** The session is over for everybody who keeps something of it. */
    void loggedOut();

    void kicked();

    void expired();

    void pushed(Frame frame);
}
