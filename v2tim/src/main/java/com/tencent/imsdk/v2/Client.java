package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONObject;
import timgate.Codes;
import timgate.line.Address;
import timgate.loop.Loop;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.session.SessionObserver;
import timgate.session.Sessions;
import timgate.wire.Frame;
import timgate.wire.Json;

/** What is made by {@code initSDK} and ended by {@code unInitSDK}: one line to the gateway, and all that is kept of a user. */
final class Client implements SessionObserver {
    final Managers all;
    final int sdkAppId;
    final Sessions sessions;
    final Recent recent = new Recent();
    final Seen seen = new Seen();
    final Conversing conversing;
    final Inviting inviting;
    final GroupAttributes attributes;
    final LiveRooms live;
    final GroupNews groups;
    private final Loop loop = new Loop("timgate");
    private final Pushes pushes;

    Client(Managers all, int sdkAppId, Address address) {
        this.all = all;
        this.sdkAppId = sdkAppId;
        sessions = new Sessions(loop, Reply.callbacks(), address, sdkAppId, this);
        conversing = new Conversing(this);
        inviting = new Inviting(this);
        attributes = new GroupAttributes(this);
        live = new LiveRooms(this);
        groups = new GroupNews(this);
        pushes = new Pushes(this);
    }

    /** A piece of work on the loop that ends in a reply. */
    abstract static class Work implements Runnable {
        private final Reply<?> reply;

        Work(Reply<?> reply) {
            this.reply = reply;
        }

        abstract void work() throws Refusal;

        @Override
        public final void run() {
            try {
                work();
            } catch (Refusal refusal) {
                reply.fail(refusal);
            } catch (RuntimeException fault) {
                reply.fail(fault);
            }
        }
    }

    /** Connects; nobody is logged in yet. */
    void open() {
        loop.run(new Runnable() {
            @Override
            public void run() {
                sessions.line().open();
            }
        });
    }

    /** Ends everything: each call has its answer, and nothing is told any more. */
    void close() {
        loop.run(new Runnable() {
            @Override
            public void run() {
                sessions.close(Codes.NOT_INITIALIZED, "unInitSDK was called");
            }
        });
    }

    /** Does it on the loop. */
    void run(Work work) {
        loop.run(work);
    }

    Loop loop() {
        return loop;
    }

    /** Asks the gateway. */
    void ask(final Request request, final Answer answer) {
        loop.run(new Runnable() {
            @Override
            public void run() {
                sessions.ask(request, answer);
            }
        });
    }

    /** The session of the loop's present; refuses when there is none any more. */
    Session session(String call) throws Refusal {
        Session session = sessions.session();
        if (session == null) {
            throw new Refusal(Codes.NOT_LOGGED_IN, call + ": nobody is logged in any more");
        }
        return session;
    }

    void inFront(final boolean isInFront) {
        loop.run(new Runnable() {
            @Override
            public void run() {
                sessions.line().setInFront(isInFront);
            }
        });
    }

    void networkChanged() {
        loop.run(new Runnable() {
            @Override
            public void run() {
                sessions.line().check();
            }
        });
    }

    private boolean isCurrent() {
        return this == all.client();
    }

    // ---- what becomes of the line and the session

    @Override
    public void connecting() {
        tell(new Tell<V2TIMSDKListener>() {
            @Override
            void to(V2TIMSDKListener listener) {
                listener.onConnecting();
            }
        });
    }

    @Override
    public void connected() {
        tell(new Tell<V2TIMSDKListener>() {
            @Override
            void to(V2TIMSDKListener listener) {
                listener.onConnectSuccess();
            }
        });
    }

    @Override
    public void connectFailed(final int code, final String text) {
        tell(new Tell<V2TIMSDKListener>() {
            @Override
            void to(V2TIMSDKListener listener) {
                listener.onConnectFailed(code, text);
            }
        });
    }

    @Override
    public void loggedIn(Session session, boolean isBack) {
        conversing.sync();
    }

    @Override
    public void loggedOut() {
        recent.clear();
        seen.clear();
        conversing.clear();
        inviting.clear();
        attributes.clear();
        live.clear();
    }

    @Override
    public void kicked() {
        tell(new Tell<V2TIMSDKListener>() {
            @Override
            void to(V2TIMSDKListener listener) {
                listener.onKickedOffline();
            }
        });
    }

    @Override
    public void expired() {
        tell(new Tell<V2TIMSDKListener>() {
            @Override
            void to(V2TIMSDKListener listener) {
                listener.onUserSigExpired();
            }
        });
    }

    @Override
    public void pushed(Frame frame) {
        pushes.take(frame);
    }

    /** What a sync brought of messages and events, as if it had been pushed. */
    void take(List<JSONObject> messages, List<JSONObject> events) {
        if (!messages.isEmpty()) {
            List<JSONObject> whole = new ArrayList<JSONObject>();
            whole.add(Json.object("C2cMsgArray", Json.listOf(messages)));
            pushes.take(whole);
        }
        pushes.take(events);
    }

    private void tell(Tell<V2TIMSDKListener> tell) {
        // Of one that was ended nothing is told: the app has set up another, or none.
        if (isCurrent()) {
            all.sdk.sdkListeners.tell(tell);
        }
    }
}
