package com.tencent.imsdk.v2;

import timgate.Codes;
import timgate.line.Address;
import timgate.session.Refusal;

/** The managers of one user's library, and what they share: the client, while the library is set up. */
final class Managers {
    /** Those of the app: the API gives one of each. */
    static final Managers APP = new Managers();

    final Sdk sdk = new Sdk(this);
    final Messages messages = new Messages(this);
    final Groups groups = new Groups(this);
    final Conversations conversations = new Conversations(this);
    final Friendships friendships = new Friendships(this);
    final Signals signals = new Signals(this);
    final OfflinePush offlinePush = new OfflinePush(this);

    private volatile Client client;

    /** Null before {@code initSDK}. */
    Client client() {
        return client;
    }

    /** The client that is set up; refuses before {@code initSDK}. */
    Client set(String call) throws Refusal {
        Client found = client;
        if (found == null) {
            throw new Refusal(Codes.NOT_INITIALIZED, call + ": initSDK was not called, or returned false");
        }
        return found;
    }

    /** The client of somebody who is logged in. */
    Client loggedIn(String call) throws Refusal {
        Client found = set(call);
        if (found.sessions.session() == null) {
            throw new Refusal(Codes.NOT_LOGGED_IN, call + ": nobody is logged in; call login first");
        }
        return found;
    }

    /** Sets the library up. The same application again changes nothing. */
    synchronized void start(int sdkAppId, Address address) {
        if (client == null || client.sdkAppId != sdkAppId) {
            stop();
            client = new Client(this, sdkAppId, address);
            client.open();
        }
    }

    synchronized void stop() {
        Client old = client;
        client = null;
        if (old != null) {
            old.close();
        }
    }
}
