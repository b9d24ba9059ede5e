package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.json.JSONObject;
import timgate.Codes;
import timgate.loop.Timer;
import timgate.session.Refusal;
import timgate.session.Session;
import timgate.wire.Json;
import timgate.wire.Utf8;

/**
 * Invitations: custom messages with a JSON by which each client knows one, and a time that each client counts for itself.
 *
 * <p>Everything happens on the loop, but for what an app is given at once.
 */
final class Inviting {
    /** More than anybody has open; the oldest is forgotten. */
    private static final int MOST = 500;
    private static final int MOST_INVITEES = 200;

    private static final class Open {
        final V2TIMSignalingInfo info;
        /** Who has not answered. */
        final List<String> left;
        Timer timer;

        Open(V2TIMSignalingInfo info) {
            this.info = info;
            this.left = new ArrayList<String>(info.inviteeList);
        }
    }

    private final Client client;
    private final Map<String, Open> open = new LinkedHashMap<String, Open>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Open> eldest) {
            boolean isTooMuch = size() > MOST;
            if (isTooMuch) {
                Timer.cancel(eldest.getValue().timer);
            }
            return isTooMuch;
        }
    };

    Inviting(Client client) {
        this.client = client;
    }

    void clear() {
        for (Open invitation : open.values()) {
            Timer.cancel(invitation.timer);
        }
        open.clear();
    }

    // ---- what apps do

    /** Gives the invitation's ID at once; null when nothing is sent, and the reply says why. */
    static String invite(Managers all, List<String> invitees, String receiver, String groupID, String data, boolean onlineUserOnly,
            V2TIMOfflinePushInfo push, final int timeout, final Reply<Void> reply) {
        try {
            final Client client = all.loggedIn("invite");
            final V2TIMSignalingInfo info = new V2TIMSignalingInfo();
            info.inviteeList = Check.list("invite: the invitees", invitees, MOST_INVITEES);
            if (groupID == null) {
                Check.text("invite: the invitee", receiver);
            } else {
                Check.text("invite: groupID", groupID);
            }
            info.inviteID = UUID.randomUUID().toString();
            info.inviter = client.session("invite").user;
            info.groupID = groupID == null ? "" : groupID;
            info.data = data == null ? "" : data;
            info.timeout = Math.max(0, timeout);
            info.actionType = V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_INVITE;
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.inviting.keep(info, info.timeout);
                }
            });
            String sent = Outgoing.send(all, message(info), groupID == null ? receiver : null, groupID,
                V2TIMMessage.V2TIM_PRIORITY_DEFAULT, onlineUserOnly, push, new Sent(reply) {
                    @Override
                    void failed() {
                        client.run(new Client.Work(reply) {
                            @Override
                            void work() {
                                client.inviting.forget(info.inviteID);
                            }
                        });
                    }
                });
            return sent == null ? null : info.inviteID;
        } catch (Refusal refusal) {
            reply.fail(refusal);
            return null;
        }
    }

    /** Cancels, accepts or rejects. */
    static void answer(Managers all, final String call, final String id, final String data, final int action, final Reply<Void> reply) {
        try {
            final Client client = all.loggedIn(call);
            Check.text(call + ": inviteID", id);
            client.run(new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.inviting.say(call, id, data == null ? "" : data, action, reply);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private void say(String call, final String id, String data, int action, final Reply<Void> reply) throws Refusal {
        final String self = client.session(call).user;
        Open invitation = open.get(id);
        if (invitation == null) {
            throw new Refusal(Codes.SIGNAL_UNKNOWN, call + ": there is no open invitation " + id + "; it was answered, or its time is over");
        }
        boolean isByInviter = action == V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_CANCEL_INVITE;
        boolean isMine = isByInviter ? self.equals(invitation.info.inviter) : invitation.left.contains(self);
        if (!isMine) {
            throw new Refusal(Codes.SIGNAL_OF_OTHERS, call + ": the invitation " + id + (isByInviter
                ? " was made by somebody else" : " is not for this user, or was answered"));
        }
        V2TIMSignalingInfo info = new V2TIMSignalingInfo();
        info.inviteID = id;
        info.inviter = invitation.info.inviter;
        info.groupID = invitation.info.groupID;
        info.data = data;
        info.timeout = 0;
        info.actionType = action;
        info.inviteeList = new ArrayList<String>(isByInviter ? invitation.left : Collections.singletonList(self));
        boolean isInGroup = !Check.isEmpty(info.groupID);
        String receiver = isInGroup ? null : isByInviter ? invitation.info.inviteeList.get(0) : info.inviter;
        Outgoing.send(client.all, message(info), receiver, isInGroup ? info.groupID : null, V2TIMMessage.V2TIM_PRIORITY_DEFAULT, false, null,
            new Sent(reply) {
                @Override
                void arrived() {
                    client.run(new Client.Work(reply) {
                        @Override
                        void work() {
                            client.inviting.answered(id, self);
                        }
                    });
                }
            });
    }

    static void add(Managers all, final V2TIMSignalingInfo info, final Reply<Void> reply) {
        try {
            final Client client = all.loggedIn("addInvitedSignaling");
            Check.given("addInvitedSignaling: the info", info);
            Check.text("addInvitedSignaling: the ID", info.inviteID);
            client.run(new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    if (client.inviting.open.containsKey(info.inviteID)) {
                        throw new Refusal(Codes.SIGNAL_EXISTS, "addInvitedSignaling: the invitation is known already");
                    }
                    client.inviting.keep(info, info.timeout);
                    reply.succeed(null);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static V2TIMMessage message(V2TIMSignalingInfo info) {
        return NewMessage.custom(Utf8.bytes(Json.object(
            "businessID", 1,
            "inviteID", info.inviteID,
            "inviter", info.inviter,
            "inviteeList", Json.listOf(info.inviteeList),
            "groupID", info.groupID == null ? "" : info.groupID,
            "data", info.data,
            "timeout", info.timeout,
            "actionType", info.actionType).toString()));
    }

    /** What the app is told of the message that a signal is. */
    private abstract static class Sent extends Reply<V2TIMMessage> {
        private final Reply<Void> reply;

        Sent(Reply<Void> reply) {
            this.reply = reply;
        }

        void arrived() {
        }

        void failed() {
        }

        @Override
        final void tell(V2TIMMessage message) {
            arrived();
            reply.succeed(null);
        }

        @Override
        final void tell(int code, String text) {
            failed();
            reply.fail(code, text);
        }
    }

    // ---- what is kept

    private void keep(V2TIMSignalingInfo info, long seconds) {
        final Open invitation = new Open(info);
        open.put(info.inviteID, invitation);
        if (info.timeout > 0) {
            invitation.timer = client.loop().after(seconds * 1000, new Runnable() {
                @Override
                public void run() {
                    timedOut(invitation.info.inviteID, new ArrayList<String>(invitation.left));
                }
            });
        }
    }

    private void forget(String id) {
        Open invitation = open.remove(id);
        if (invitation != null) {
            Timer.cancel(invitation.timer);
        }
    }

    private void answered(String id, String user) {
        Open invitation = open.get(id);
        if (invitation == null) {
            return;
        }
        invitation.left.remove(user);
        if (invitation.left.isEmpty() || user.equals(invitation.info.inviter)) {
            forget(id);
        }
    }

    private void timedOut(final String id, final List<String> users) {
        if (!open.containsKey(id)) {
            return;
        }
        forget(id);
        tell(new Tell<V2TIMSignalingListener>() {
            @Override
            void to(V2TIMSignalingListener listener) {
                listener.onInvitationTimeout(id, users);
            }
        });
    }

    // ---- what comes

    /** Looks whether a message is a signal. */
    void received(V2TIMMessage message) {
        if (message.elemType != V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM || client.all.signals.listeners.isEmpty() && open.isEmpty()) {
            return;
        }
        final V2TIMSignalingInfo info = Signal.in(message);
        Session session = client.sessions.session();
        if (info == null || session == null) {
            return;
        }
        final String sender = message.sender;
        switch (info.actionType) {
            case V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_INVITE:
                invited(message, info, session);
                break;
            case V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_CANCEL_INVITE:
                if (!message.self && isOpenFor(info.inviteID, session.user)) {
                    tell(new Tell<V2TIMSignalingListener>() {
                        @Override
                        void to(V2TIMSignalingListener listener) {
                            listener.onInvitationCancelled(info.inviteID, info.inviter, info.data);
                        }
                    });
                }
                forget(info.inviteID);
                break;
            case V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_ACCEPT_INVITE:
            case V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_REJECT_INVITE:
                if (!message.self && open.containsKey(info.inviteID)) {
                    tell(new Tell<V2TIMSignalingListener>() {
                        @Override
                        void to(V2TIMSignalingListener listener) {
                            if (info.actionType == V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_ACCEPT_INVITE) {
                                listener.onInviteeAccepted(info.inviteID, sender, info.data);
                            } else {
                                listener.onInviteeRejected(info.inviteID, sender, info.data);
                            }
                        }
                    });
                }
                answered(info.inviteID, sender);
                break;
            case V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_INVITE_TIMEOUT:
                timedOut(info.inviteID, info.inviteeList);
                break;
            default:
                break;
        }
    }

    private boolean isOpenFor(String id, String user) {
        Open invitation = open.get(id);
        return invitation != null && invitation.info.inviteeList.contains(user);
    }

    private void invited(V2TIMMessage message, final V2TIMSignalingInfo info, Session session) {
        long left = info.timeout - (session.seconds() - message.timestamp);
        if (info.timeout > 0 && left <= 0) {
            // It waited longer at the gateway than it holds.
            return;
        }
        keep(info, left);
        if (!message.self && info.inviteeList.contains(session.user)) {
            tell(new Tell<V2TIMSignalingListener>() {
                @Override
                void to(V2TIMSignalingListener listener) {
                    listener.onReceiveNewInvitation(info.inviteID, info.inviter, info.groupID, info.inviteeList, info.data);
                }
            });
        }
    }

    private void tell(Tell<V2TIMSignalingListener> tell) {
        client.all.signals.listeners.tell(tell);
    }
}
