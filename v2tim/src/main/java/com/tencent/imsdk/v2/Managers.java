package com.tencent.imsdk.v2;

/** The one object of each manager. */
final class Managers {
    static final Sdk SDK = new Sdk();
    static final Messages MESSAGES = new Messages();
    static final Groups GROUPS = new Groups();
    static final Conversations CONVERSATIONS = new Conversations();
    static final Friendships FRIENDSHIPS = new Friendships();
    static final Signals SIGNALS = new Signals();
    static final OfflinePush OFFLINE_PUSH = new OfflinePush();

    private Managers() {
    }
}
