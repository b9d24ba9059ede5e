package com.tencent.imsdk.v2;

import android.content.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.thread.CallbackThread;

/** What {@link V2TIMManager} does. */
final class Sdk extends V2TIMManager {
    final Listeners<V2TIMSDKListener> sdkListeners = new Listeners<V2TIMSDKListener>();
    final Listeners<V2TIMSimpleMsgListener> simpleListeners = new Listeners<V2TIMSimpleMsgListener>();
    final Listeners<V2TIMGroupListener> groupListeners = new Listeners<V2TIMGroupListener>();
    private final Managers all;

    Sdk(Managers all) {
        this.all = all;
    }

    @Override
    public boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config) {
        return Setup.start(all, context, sdkAppID, config);
    }

    @Override
    public boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config, V2TIMSDKListener listener) {
        // Before the start: it is told of the first connection too.
        sdkListeners.add(listener);
        return initSDK(context, sdkAppID, config);
    }

    @Override
    public void addIMSDKListener(V2TIMSDKListener listener) {
        sdkListeners.add(listener);
    }

    @Override
    public void removeIMSDKListener(V2TIMSDKListener listener) {
        sdkListeners.remove(listener);
    }

    @Override
    public void unInitSDK() {
        all.stop();
    }

    @Override
    public String getVersion() {
        return Version.NAME;
    }

    @Override
    public long getServerTime() {
        Client client = all.client();
        Session session = client == null ? null : client.sessions.session();
        return session == null ? 0 : session.seconds();
    }

    @Override
    public void login(String userID, String userSig, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.set("login");
            final String user = Check.text("login: userID", userID);
            final String signature = Check.text("login: userSig", userSig);
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.sessions.login(user, signature, new Ask.Done(reply));
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void logout(V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.set("logout");
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.sessions.logout(new Ask.Done(reply));
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public String getLoginUser() {
        Client client = all.client();
        Session session = client == null ? null : client.sessions.session();
        return session == null ? "" : session.user;
    }

    @Override
    public int getLoginStatus() {
        Client client = all.client();
        return client == null ? V2TIM_STATUS_LOGOUT : client.sessions.status().number;
    }

    @Override
    public void addSimpleMsgListener(V2TIMSimpleMsgListener listener) {
        simpleListeners.add(listener);
    }

    @Override
    public void removeSimpleMsgListener(V2TIMSimpleMsgListener listener) {
        simpleListeners.remove(listener);
    }

    @Override
    public String sendC2CTextMessage(String text, String userID, V2TIMValueCallback<V2TIMMessage> callback) {
        return Outgoing.send(all, NewMessage.text(text), userID, null, V2TIMMessage.V2TIM_PRIORITY_DEFAULT, false, null, Reply.of(callback));
    }

    @Override
    public String sendC2CCustomMessage(byte[] customData, String userID,
            V2TIMValueCallback<V2TIMMessage> callback) {
        return Outgoing.send(all, NewMessage.custom(customData), userID, null, V2TIMMessage.V2TIM_PRIORITY_DEFAULT, false, null, Reply.of(callback));
    }

    @Override
    public String sendGroupTextMessage(String text, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback) {
        return Outgoing.send(all, NewMessage.text(text), null, groupID, priority, false, null, Reply.of(callback));
    }

    @Override
    public String sendGroupCustomMessage(byte[] customData, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback) {
        return Outgoing.send(all, NewMessage.custom(customData), null, groupID, priority, false, null, Reply.of(callback));
    }

    @Override
    public void setGroupListener(V2TIMGroupListener listener) {
        groupListeners.set(listener);
    }

    @Override
    public void addGroupListener(V2TIMGroupListener listener) {
        groupListeners.add(listener);
    }

    @Override
    public void removeGroupListener(V2TIMGroupListener listener) {
        groupListeners.remove(listener);
    }

    @Override
    public void createGroup(String groupType, String groupID, String groupName,
            V2TIMValueCallback<String> callback) {
        V2TIMGroupInfo info = new V2TIMGroupInfo();
        info.setGroupType(groupType);
        info.setGroupID(groupID);
        info.setGroupName(groupName);
        all.groups.createGroup(info, null, callback);
    }

    @Override
    public void joinGroup(final String groupID, String message, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("joinGroup");
            Check.text("joinGroup: groupID", groupID);
            client.ask(LiveRooms.join(groupID, message), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    reply.succeed(null);
                    client.live.entered(groupID, body);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void quitGroup(final String groupID, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("quitGroup");
            Check.text("quitGroup: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "quit_group"), "GroupId", groupID), new Ask<Void>(reply) {
                @Override
                Void value(JSONObject body) {
                    client.live.left(groupID);
                    client.conversing.gone(ConversationId.ofGroup(groupID));
                    return null;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void dismissGroup(final String groupID, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("dismissGroup");
            Check.text("dismissGroup: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "destroy_group"), "GroupId", groupID), new Ask<Void>(reply) {
                @Override
                Void value(JSONObject body) {
                    client.live.ended(groupID);
                    client.conversing.gone(ConversationId.ofGroup(groupID));
                    return null;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getUsersInfo(List<String> userIDList, V2TIMValueCallback<List<V2TIMUserFullInfo>> callback) {
        final Reply<List<V2TIMUserFullInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getUsersInfo");
            final List<String> users = Check.list("getUsersInfo: userIDList", userIDList, Users.MOST);
            client.ask(Users.request(client.session("getUsersInfo").user, users), new Ask<List<V2TIMUserFullInfo>>(reply) {
                @Override
                List<V2TIMUserFullInfo> value(JSONObject body) {
                    Map<String, V2TIMUserFullInfo> found = Users.read(body);
                    List<V2TIMUserFullInfo> list = new ArrayList<V2TIMUserFullInfo>();
                    for (String user : users) {
                        if (found.containsKey(user)) {
                            list.add(found.get(user));
                        }
                    }
                    return list;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setSelfInfo(V2TIMUserFullInfo info, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setSelfInfo");
            final Session session = client.session("setSelfInfo");
            client.ask(Request.of("profile.portrait_set", "From_Account", session.user,
                "ProfileItem", Users.write(Check.given("setSelfInfo: the info", info))), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        Users.tellSelf(client, session);
                        return null;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getUserStatus(List<String> userIDList, V2TIMValueCallback<List<V2TIMUserStatus>> callback) {
        NotServed.SDK_GET_USER_STATUS.answer(callback);
    }

    @Override
    public void setSelfStatus(V2TIMUserStatus status, V2TIMCallback callback) {
        NotServed.SDK_SET_SELF_STATUS.answer(callback);
    }

    @Override
    public void subscribeUserStatus(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_SUBSCRIBE_USER_STATUS.answer(callback);
    }

    @Override
    public void unsubscribeUserStatus(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_UNSUBSCRIBE_USER_STATUS.answer(callback);
    }

    @Override
    public void subscribeUserInfo(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_SUBSCRIBE_USER_INFO.answer(callback);
    }

    @Override
    public void unsubscribeUserInfo(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_UNSUBSCRIBE_USER_INFO.answer(callback);
    }

    /** {@code setUIPlatform} only tells the vendor's statistics which kit an app is built with: taken, not used. */
    @Override
    public void callExperimentalAPI(String api, Object param, final V2TIMValueCallback<Object> callback) {
        if (!"setUIPlatform".equals(api)) {
            NotServed.SDK_CALL_EXPERIMENTAL_API.answer(callback);
        } else if (callback != null) {
            CallbackThread.post(new Runnable() {
                @Override
                public void run() {
                    callback.onSuccess(null);
                }
            });
        }
    }
}
