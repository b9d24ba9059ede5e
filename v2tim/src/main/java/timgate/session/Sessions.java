package timgate.session;

import java.util.Random;
import org.json.JSONObject;
import timgate.Codes;
import timgate.Log;
import timgate.line.Address;
import timgate.line.Line;
import timgate.loop.Callbacks;
import timgate.loop.Loop;
import timgate.loop.Timer;
import timgate.wire.Credentials;
import timgate.wire.Frame;
import timgate.wire.Head;
import timgate.wire.Json;

/**
 * Who is logged in, and that they stay so over broken connections.
 *
 * A session is begun with a UserSig and taken up again with its token on each new connection; what the device missed
 * meanwhile is pushed behind the answer. It ends by a log-out, a kick, or with its UserSig.
 */
public final class Sessions implements Line.Owner {
    private static final String LOGIN = "im_open_status.wslogin";
    private static final String HELLO = "im_open_status.wshello";
    private static final String LOGOUT = "im_open_status.wslogout";
    private static final String PING = "heartbeat.alive";
    private static final long LOGIN_WITHIN_MS = 15_000;
    private static final long LOGOUT_WITHIN_MS = 3_000;
    private static final long LOGIN_AGAIN_AFTER_MS = 2_000;
    private static final int BY_APP = 0;
    private static final int BY_KICK = 1;
    /** Kinds of kicks to which no good-bye is said: an administrator ended all there was. */
    private static final int KICK_BY_ADMIN = 3;

    private final Loop loop;
    private final Callbacks callbacks;
    private final SessionObserver observer;
    private final int sdkAppId;
    private final Line line;
    /** What needs a session, and is asked again on the next connection. */
    private final Calls calls;
    /** What belongs to the connection and ends with it. */
    private final Calls greetings;
    private Entry entry;
    private Answer leaving;
    /** Why nothing is done any more; null while the library is set up. */
    private Refusal closed;
    /** Whether the gateway knows on this connection who speaks. */
    private boolean isAttached;
    private volatile Session session;
    private volatile Status status = Status.LOGGED_OUT;

    public Sessions(Loop loop, Callbacks callbacks, Address address, int sdkAppId, SessionObserver observer) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.observer = observer;
        this.sdkAppId = sdkAppId;
        Random random = new Random();
        calls = new Calls(loop, new Calls.Writer() {
            @Override
            public void write(long seq, Request request, long askedAt, boolean isAgain) {
                send(seq, request, askedAt, isAgain, session.credentials);
            }
        }, random);
        greetings = new Calls(loop, new Calls.Writer() {
            @Override
            public void write(long seq, Request request, long askedAt, boolean isAgain) {
                send(seq, request, askedAt, isAgain, speaker());
            }
        }, random);
        line = new Line(loop, this, address, sdkAppId, random);
    }

    // ---- from any thread

    public Status status() {
        return status;
    }

    /** Null while nobody is logged in. */
    public Session session() {
        return session;
    }

    // ---- on the loop

    public Line line() {
        return line;
    }

    /** Whether requests reach the gateway now. */
    public boolean isAttached() {
        return isAttached;
    }

    /** Logs in; another user who is logged in is logged out for it. */
    public void login(String user, String userSig, Answer answer) {
        if (closed != null) {
            answer.refused(closed);
            return;
        }
        if (entry != null) {
            answer.refused(new Refusal(Codes.LOGIN_IN_PROCESS, "login: " + entry.user + " is being logged in; wait for the callback"));
            return;
        }
        if (leaving != null) {
            answer.refused(new Refusal(Codes.LOGOUT_IN_PROCESS, "login: a log-out is under way; wait for its callback"));
            return;
        }
        if (session != null && session.user.equals(user)) {
            answer.done(new JSONObject());
            return;
        }
        if (session != null) {
            sayGoodbye(BY_APP, null);
            end(Codes.NOT_LOGGED_IN, "another user logged in");
        }
        final Entry made = new Entry(user, userSig, answer);
        entry = made;
        status = Status.LOGGING_IN;
        made.timer = loop.after(LOGIN_WITHIN_MS, new Runnable() {
            @Override
            public void run() {
                if (entry == made) {
                    failEntry(made.wasSent
                        ? new Refusal(Codes.REQUEST_TIMEOUT, "login: the gateway did not answer in time")
                        : new Refusal(Codes.CONNECT_TIMEOUT, "login: no connection to the gateway came about; see onConnectFailed for the reason"));
                }
            }
        });
        if (line.isOpen()) {
            sendEntry();
        } else {
            line.open();
            line.hurry();
        }
    }

    public void logout(final Answer answer) {
        if (leaving != null) {
            answer.refused(new Refusal(Codes.LOGOUT_IN_PROCESS, "logout: a log-out is under way; wait for its callback"));
            return;
        }
        if (entry != null) {
            failEntry(new Refusal(Codes.LOGGED_OUT_BEFORE_LOGIN_FINISHED, "login: it was ended by logout"));
            // The gateway may have let the device in already: a fresh connection makes it forget.
            line.renew();
            answer.done(new JSONObject());
            return;
        }
        if (session == null) {
            answer.done(new JSONObject());
            return;
        }
        if (!isAttached) {
            // The gateway cannot be told. It puts the device out when another of its kind logs in, or the UserSig expires.
            end(Codes.NOT_LOGGED_IN, "the user logged out");
            answer.done(new JSONObject());
            return;
        }
        leaving = answer;
        sayGoodbye(BY_APP, new Answer() {
            @Override
            public void done(JSONObject body) {
                leave();
            }

            @Override
            public void refused(Refusal refusal) {
                // The device forgets its session, and nobody else has its token.
                leave();
            }

            private void leave() {
                leaving = null;
                answer.done(new JSONObject());
            }
        });
        end(Codes.NOT_LOGGED_IN, "the user logged out");
    }

    /** Asks the gateway for the user who is logged in. */
    public void ask(Request request, Answer answer) {
        ask(request, Calls.ANSWER_WITHIN_MS, answer);
    }

    public void ask(final Request request, long withinMs, final Answer answer) {
        if (closed != null) {
            answer.refused(closed);
            return;
        }
        if (session == null) {
            answer.refused(new Refusal(Codes.NOT_LOGGED_IN, request.command + ": nobody is logged in; call login first"));
            return;
        }
        final Session asked = session;
        calls.ask(request, withinMs, isAttached, new Answer() {
            @Override
            public void done(JSONObject body) {
                answer.done(body);
            }

            @Override
            public void refused(Refusal refusal) {
                if (asked == session) {
                    endIfTold(refusal);
                }
                answer.refused(refusal);
            }
        });
        if (!isAttached) {
            line.hurry();
        }
    }

    /** Says something that is not answered. */
    public void tell(Request request) {
        if (isAttached) {
            greetings.ask(request, Calls.ANSWER_WITHIN_MS, true, new Ignored());
        }
    }

    /** Ends everything: each call has its answer, and nothing is told any more. */
    public void close(int code, String text) {
        // First: what is asked by those who are refused below is refused too.
        closed = new Refusal(code, text);
        if (entry != null) {
            failEntry(new Refusal(code, "login: " + text));
        }
        if (session != null) {
            sayGoodbye(BY_APP, null);
            end(code, text);
        }
        if (leaving != null) {
            Answer left = leaving;
            leaving = null;
            left.done(new JSONObject());
        }
        greetings.refuseAll(code, text);
        line.close();
    }

    // ---- the line

    @Override
    public void awaitRoom() throws InterruptedException {
        callbacks.awaitRoom();
    }

    @Override
    public void connecting() {
        observer.connecting();
    }

    @Override
    public void connected() {
        observer.connected();
        if (entry != null) {
            sendEntry();
        } else if (session != null) {
            takeUp();
        }
    }

    @Override
    public void failed(String why) {
        observer.connectFailed(Codes.NO_CONNECTION, why);
    }

    @Override
    public void lost() {
        isAttached = false;
        calls.lost();
        greetings.refuseAll(Codes.NO_CONNECTION, "the connection was lost");
    }

    @Override
    public void beat() {
        // That of a session tells whether it still is one. Nothing of it is asked again on another connection.
        boolean isKnown = isAttached;
        greetings.ask(isKnown ? Request.of(HELLO, "is_web_uniapp", 0) : Request.of(PING), Calls.ANSWER_WITHIN_MS, true,
            isKnown ? new SessionCheck() : new Ignored());
    }

    @Override
    public void received(Frame frame) {
        if (calls.answered(frame) || greetings.answered(frame)) {
            return;
        }
        if (frame.command.equals("im_open_status.stat_forceoffline")) {
            for (JSONObject event : Json.objects(frame.body, "EventArray")) {
                for (JSONObject notice : Json.objects(event, "C2cNotifyMsgArray")) {
                    if (notice.has("KickoutMsgNotify")) {
                        kickedOut(Json.integer(Json.object(notice, "KickoutMsgNotify"), "KickType"));
                        return;
                    }
                }
            }
        } else if (frame.command.equals("StatSvc.KickOther")) {
            // The gateway asks the device to say again who it is.
            if (session != null) {
                takeUp();
            }
        } else if (session != null) {
            observer.pushed(frame);
        }
    }

    // ---- beginning

    private void sendEntry() {
        final Entry sent = entry;
        final long askedAt = System.currentTimeMillis();
        sent.wasSent = true;
        greetings.ask(loginRequest(), LOGIN_WITHIN_MS, true, new Answer() {
            @Override
            public void done(JSONObject body) {
                if (entry == sent) {
                    begin(sent, Session.of(sent.user, body, askedAt));
                }
            }

            @Override
            public void refused(Refusal refusal) {
                // A broken connection is no refusal: it is asked again on the next, as long as there is time.
                if (entry == sent && refusal.code != Codes.NO_CONNECTION) {
                    failEntry(new Refusal(Codes.ofLogin(refusal.code), refusal.text));
                }
            }
        });
    }

    private static Request loginRequest() {
        return Request.of(LOGIN, "State", "Online", "is_web_uniapp", 0, "InstType", 0, "CustomInfo", "");
    }

    private void begin(Entry sent, Session begun) {
        if (begun == null) {
            failEntry(new Refusal(Codes.REQUEST_TIMEOUT, "login: the answer has no A2Key or no TinyId; this is no gateway of this protocol"));
            return;
        }
        sent.timer.cancel();
        entry = null;
        session = begun;
        status = Status.LOGGED_IN;
        isAttached = true;
        line.accepted();
        // What the observer asks first comes behind the app's callback, as apps expect it.
        sent.answer.done(new JSONObject());
        observer.loggedIn(begun, false);
    }

    private void failEntry(Refusal refusal) {
        Entry failed = entry;
        entry = null;
        failed.timer.cancel();
        status = Status.LOGGED_OUT;
        failed.answer.refused(refusal);
    }

    /** Says on a new connection who the device is. */
    private void takeUp() {
        final Session taken = session;
        greetings.ask(loginRequest(), LOGIN_WITHIN_MS, true, new Answer() {
            @Override
            public void done(JSONObject body) {
                if (session == taken && !isAttached) {
                    isAttached = true;
                    line.accepted();
                    observer.loggedIn(taken, true);
                    calls.goOn();
                }
            }

            @Override
            public void refused(Refusal refusal) {
                if (session != taken || refusal.code == Codes.NO_CONNECTION || endIfTold(refusal)) {
                    return;
                }
                if (refusal.code == Codes.REQUEST_TIMEOUT) {
                    line.renew();
                    return;
                }
                Log.warn("the session was not taken up again: " + refusal.text);
                loop.after(LOGIN_AGAIN_AFTER_MS, new Runnable() {
                    @Override
                    public void run() {
                        if (session == taken && line.isOpen() && !isAttached) {
                            takeUp();
                        }
                    }
                });
            }
        });
    }

    // ---- ending

    /** Ends the session when a refusal says that it is over. */
    private boolean endIfTold(Refusal refusal) {
        if (session == null) {
            return false;
        }
        if (Codes.isKicked(refusal.code)) {
            kickedOut(Json.integer(refusal.body, "KickType"));
            return true;
        }
        if (Codes.isExpired(refusal.code)) {
            end(Codes.NOT_LOGGED_IN, "the UserSig has expired");
            observer.expired();
            return true;
        }
        return false;
    }

    private void kickedOut(int kind) {
        if (session == null) {
            return;
        }
        if (kind != KICK_BY_ADMIN) {
            sayGoodbye(BY_KICK, null);
        }
        end(Codes.NOT_LOGGED_IN, "the session was ended by another device or an administrator");
        observer.kicked();
    }

    private void sayGoodbye(int why, Answer answer) {
        if (isAttached) {
            greetings.ask(Request.of(LOGOUT, "wslogout_type", why, "is_web_uniapp", 0), LOGOUT_WITHIN_MS, true,
                answer == null ? new Ignored() : answer);
        } else if (answer != null) {
            answer.done(new JSONObject());
        }
    }

    private void end(int code, String why) {
        session = null;
        status = Status.LOGGED_OUT;
        isAttached = false;
        calls.refuseAll(code, why);
        observer.loggedOut();
    }

    // ---- speaking

    private Credentials speaker() {
        if (entry != null) {
            return entry.credentials;
        }
        return session == null ? Credentials.NOBODY : session.credentials;
    }

    private void send(long seq, Request request, long askedAt, boolean isAgain, Credentials credentials) {
        line.send(Frame.text(Head.of(request.command, seq, askedAt, isAgain, sdkAppId, credentials), request.body));
    }

    private static class Ignored implements Answer {
        @Override
        public void done(JSONObject body) {}

        @Override
        public void refused(Refusal refusal) {
            Log.debug("not answered: " + refusal.text);
        }
    }

    /** What a hello tells of the session. */
    private final class SessionCheck extends Ignored {
        @Override
        public void refused(Refusal refusal) {
            endIfTold(refusal);
        }
    }
}
