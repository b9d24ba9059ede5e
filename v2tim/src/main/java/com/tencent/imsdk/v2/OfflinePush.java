package com.tencent.imsdk.v2;

import timgate.session.Refusal;
import timgate.session.Request;

/** What {@link V2TIMOfflinePushManager} does. */
final class OfflinePush extends V2TIMOfflinePushManager {
    private final Managers all;

    OfflinePush(Managers all) {
        this.all = all;
    }

    @Override
    public void setOfflinePushConfig(V2TIMOfflinePushConfig config, V2TIMCallback callback) {
        NotServed.PUSH_SET_OFFLINE_PUSH_CONFIG.answer(callback);
    }

    @Override
    public void doBackground(final int unreadCount, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("doBackground");
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.sessions.line().setInFront(false);
                    client.sessions.ask(Request.of("im_open_status.ws_stat_background", "C2CUnread", Math.max(0, unreadCount), "GroupUnread", 0, "is_web_uniapp", 0), new Ask.Done(reply));
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void doForeground(V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("doForeground");
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.sessions.line().setInFront(true);
                    client.sessions.ask(Request.of("im_open_status.ws_stat_foreground", "is_web_uniapp", 0), new Ask.Done(reply));
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }
}
