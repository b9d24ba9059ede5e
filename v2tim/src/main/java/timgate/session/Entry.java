package timgate.session;

import timgate.loop.Timer;
import timgate.wire.Credentials;

/** A log-in that is under way. */
final class Entry {
    final String user;
    final Credentials credentials;
    final Answer answer;
    Timer timer;
    boolean wasSent;

    Entry(String user, String userSig, Answer answer) {
        this.user = user;
        this.credentials = Credentials.ofUserSig(user, userSig);
        this.answer = answer;
    }
}
