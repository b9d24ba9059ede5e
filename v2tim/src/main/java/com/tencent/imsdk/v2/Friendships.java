package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/** What {@link V2TIMFriendshipManager} does. */
final class Friendships extends V2TIMFriendshipManager {
    static final String SNS = "sns.";

    final Listeners<V2TIMFriendshipListener> listeners = new Listeners<V2TIMFriendshipListener>();
    private final Managers all;

    Friendships(Managers all) {
        this.all = all;
    }

    @Override
    public void setFriendListener(V2TIMFriendshipListener listener) {
        listeners.set(listener);
    }

    @Override
    public void addFriendListener(V2TIMFriendshipListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeFriendListener(V2TIMFriendshipListener listener) {
        listeners.remove(listener);
    }

    @Override
    public void getFriendList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback) {
        final Reply<List<V2TIMFriendInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getFriendList");
            new FriendList(client, client.session("getFriendList").user, reply) {
                @Override
                void read(List<V2TIMFriendInfo> friends) {
                    reply.succeed(friends);
                }
            }.start();
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getFriendsInfo(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback) {
        final Reply<List<V2TIMFriendInfoResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getFriendsInfo");
            List<String> users = Check.list("getFriendsInfo: userIDList", userIDList, Users.MOST);
            client.ask(specified(client.session("getFriendsInfo").user, users), new Ask<List<V2TIMFriendInfoResult>>(reply) {
                @Override
                List<V2TIMFriendInfoResult> value(JSONObject body) {
                    return results(body);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setFriendInfo(V2TIMFriendInfo info, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_SET_FRIEND_INFO.answer(callback);
    }

    @Override
    public void searchFriends(V2TIMFriendSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback) {
        final Reply<List<V2TIMFriendInfoResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("searchFriends");
            Check.given("searchFriends: the parameters", searchParam);
            final List<String> words = Search.words("searchFriends", searchParam.keywordList);
            final boolean any = !searchParam.searchUserID && !searchParam.searchNickName && !searchParam.searchRemark;
            final boolean ofIds = any || searchParam.searchUserID;
            final boolean ofNames = any || searchParam.searchNickName;
            final boolean ofRemarks = any || searchParam.searchRemark;
            new FriendList(client, client.session("searchFriends").user, reply) {
                @Override
                void read(List<V2TIMFriendInfo> friends) {
                    List<V2TIMFriendInfoResult> matching = new ArrayList<V2TIMFriendInfoResult>();
                    for (V2TIMFriendInfo friend : friends) {
                        if (ofIds && Search.hasAny(friend.userID, words) || ofNames && Search.hasAny(friend.userProfile.nickName, words)
                                || ofRemarks && Search.hasAny(friend.friendRemark, words)) {
                            V2TIMFriendInfoResult result = new V2TIMFriendInfoResult();
                            result.friendInfo = friend;
                            result.relation = V2TIMFriendCheckResult.V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST;
                            matching.add(result);
                        }
                    }
                    reply.succeed(matching);
                }
            }.start();
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void addFriend(V2TIMFriendAddApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        final Reply<V2TIMFriendOperationResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("addFriend");
            Check.given("addFriend: the application", application);
            JSONObject item = Json.object(
                "To_Account", Check.text("addFriend: the user's ID", application.userID),
                "AddSource", source(application.addSource),
                "AddWording", application.addWording,
                "Remark", Check.isEmpty(application.friendRemark) ? null : application.friendRemark,
                "GroupName", Check.isEmpty(application.friendGroup) ? null : application.friendGroup);
            client.ask(Request.of(SNS + "friend_add", "From_Account", client.session("addFriend").user, "AddFriendItem", Json.list(item),
                "AddType", application.addType == V2TIMFriendInfo.V2TIM_FRIEND_TYPE_SINGLE ? "Add_Type_Single" : "Add_Type_Both"),
                new Ask<V2TIMFriendOperationResult>(reply) {
                    @Override
                    V2TIMFriendOperationResult value(JSONObject body) throws Refusal {
                        for (JSONObject done : Json.objects(body, "ResultItem")) {
                            V2TIMFriendOperationResult result = new V2TIMFriendOperationResult();
                            result.userID = Json.text(done, "To_Account");
                            result.resultCode = Json.integer(done, "ResultCode");
                            result.resultInfo = Json.text(done, "ResultInfo");
                            return result;
                        }
                        throw new Refusal(Codes.INVALID_OPERATION, "addFriend: the gateway's answer names nobody");
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteFromFriendList(List<String> userIDList, int deleteType,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FROM_FRIEND_LIST.answer(callback);
    }

    @Override
    public void checkFriend(List<String> userIDList, int checkType,
            V2TIMValueCallback<List<V2TIMFriendCheckResult>> callback) {
        NotServed.FRIENDSHIP_CHECK_FRIEND.answer(callback);
    }

    @Override
    public void getFriendApplicationList(V2TIMValueCallback<V2TIMFriendApplicationResult> callback) {
        final Reply<V2TIMFriendApplicationResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getFriendApplicationList");
            client.ask(Request.of(SNS + "pendency_get", "From_Account", client.session("getFriendApplicationList").user,
                "PendencyType", "Pendency_Type_Both", "StartTime", 0, "MaxLimited", 100, "LastSequence", 0),
                new Ask<V2TIMFriendApplicationResult>(reply) {
                    @Override
                    V2TIMFriendApplicationResult value(JSONObject body) {
                        // The gateway has no applications: whom one may not add at once one is refused. So the list is empty.
                        V2TIMFriendApplicationResult result = new V2TIMFriendApplicationResult();
                        result.unreadCount = Json.integer(body, "UnreadPendencyCount");
                        return result;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void acceptFriendApplication(V2TIMFriendApplication application, int acceptType,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_ACCEPT_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void acceptFriendApplication(V2TIMFriendApplication application, int acceptType, String remark,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_ACCEPT_FRIEND_APPLICATION_4.answer(callback);
    }

    @Override
    public void refuseFriendApplication(V2TIMFriendApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_REFUSE_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void deleteFriendApplication(V2TIMFriendApplication application, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_DELETE_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void setFriendApplicationRead(V2TIMCallback callback) {
        NotServed.FRIENDSHIP_SET_FRIEND_APPLICATION_READ.answer(callback);
    }

    @Override
    public void addToBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_ADD_TO_BLACK_LIST.answer(callback);
    }

    @Override
    public void deleteFromBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FROM_BLACK_LIST.answer(callback);
    }

    @Override
    public void getBlackList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback) {
        final Reply<List<V2TIMFriendInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getBlackList");
            client.ask(Request.of(SNS + "black_list_get", "From_Account", client.session("getBlackList").user, "StartIndex", 0, "MaxLimited", 1000),
                new Ask<List<V2TIMFriendInfo>>(reply) {
                    @Override
                    List<V2TIMFriendInfo> value(JSONObject body) {
                        List<V2TIMFriendInfo> list = new ArrayList<V2TIMFriendInfo>();
                        for (JSONObject item : Json.objects(body, "BlackListItem")) {
                            list.add(friend(Json.text(item, "To_Account")));
                        }
                        return list;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void createFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_CREATE_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void getFriendGroups(List<String> groupNameList,
            V2TIMValueCallback<List<V2TIMFriendGroup>> callback) {
        final Reply<List<V2TIMFriendGroup>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getFriendGroups");
            final List<String> names = groupNameList == null ? new ArrayList<String>() : new ArrayList<String>(groupNameList);
            client.ask(Request.of(SNS + "group_get", "From_Account", client.session("getFriendGroups").user, "LastSequence", 0,
                "NeedFriend", "Need_Friend_Type_Yes"), new Ask<List<V2TIMFriendGroup>>(reply) {
                    @Override
                    List<V2TIMFriendGroup> value(JSONObject body) {
                        List<V2TIMFriendGroup> groups = new ArrayList<V2TIMFriendGroup>();
                        for (JSONObject item : Json.objects(body, "ResultItem")) {
                            V2TIMFriendGroup group = new V2TIMFriendGroup();
                            group.name = Json.text(item, "GroupName");
                            group.friendIDList = Json.texts(item, "To_Account");
                            group.friendCount = group.friendIDList.size();
                            if (names.isEmpty() || names.contains(group.name)) {
                                groups.add(group);
                            }
                        }
                        return groups;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteFriendGroup(List<String> groupNameList, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_DELETE_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void renameFriendGroup(String oldName, String newName, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_RENAME_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void addFriendsToFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_ADD_FRIENDS_TO_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void deleteFriendsFromFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FRIENDS_FROM_FRIEND_GROUP.answer(callback);
    }

    static V2TIMFriendInfo friend(String user) {
        V2TIMFriendInfo friend = new V2TIMFriendInfo();
        friend.userID = user;
        friend.userProfile.userID = user;
        return friend;
    }

    /** What the wire calls a source begins so; apps give the word behind it, or the whole. */
    private static String source(String source) {
        if (Check.isEmpty(source)) {
            return "AddSource_Type_Android";
        }
        return source.startsWith("AddSource_Type_") ? source : "AddSource_Type_" + source;
    }

    private static Request specified(String self, List<String> users) {
        return Request.of(SNS + "friend_get_specified", "From_Account", self, "To_Account", Json.listOf(users));
    }

    static void read(V2TIMFriendInfo friend, JSONObject field) {
        String tag = Json.text(field, "Tag");
        if (tag.equals("Tag_SNS_IM_Remark")) {
            friend.friendRemark = Json.text(field, "Value");
        } else if (tag.equals("Tag_SNS_IM_Group")) {
            friend.friendGroups = Json.texts(field, "Value");
        } else {
            Users.read(friend.userProfile, tag, field.opt("Value"));
        }
    }

    private static List<V2TIMFriendInfoResult> results(JSONObject body) {
        List<V2TIMFriendInfoResult> results = new ArrayList<V2TIMFriendInfoResult>();
        for (JSONObject item : Json.objects(body, "InfoItem")) {
            V2TIMFriendInfoResult result = new V2TIMFriendInfoResult();
            result.resultCode = Json.integer(item, "ResultCode");
            result.resultInfo = Json.text(item, "ResultInfo");
            result.friendInfo = friend(Json.text(item, "To_Account"));
            for (JSONObject field : Json.objects(item, "SnsProfileItem")) {
                read(result.friendInfo, field);
            }
            result.relation = result.resultCode == Codes.OK
                ? V2TIMFriendCheckResult.V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST
                : V2TIMFriendCheckResult.V2TIM_FRIEND_RELATION_TYPE_NONE;
            results.add(result);
        }
        return results;
    }

    // ---- what listeners are told; on the loop

    void changed(Client client, JSONObject change) {
        List<String> added = Json.texts(change, "FriendAdd_Account");
        if (!added.isEmpty()) {
            tell(client, added, true);
        }
        final List<String> deleted = Json.texts(change, "FriendDel_Account");
        if (!deleted.isEmpty()) {
            listeners.tell(new Tell<V2TIMFriendshipListener>() {
                @Override
                void to(V2TIMFriendshipListener listener) {
                    listener.onFriendListDeleted(deleted);
                }
            });
        }
        List<String> updated = new ArrayList<String>();
        for (JSONObject update : Json.objects(change, "FriendUpInfo")) {
            updated.add(Json.text(update, "Friend_Account"));
        }
        if (!updated.isEmpty()) {
            tell(client, updated, false);
        }
    }

    /** Somebody's profile changed; friends are told of. */
    void profileChanged(Client client, String user) {
        if (!listeners.isEmpty()) {
            List<String> users = new ArrayList<String>();
            users.add(user);
            tell(client, users, false);
        }
    }

    private void tell(Client client, List<String> users, final boolean isNew) {
        Session session = client.sessions.session();
        if (listeners.isEmpty() || session == null) {
            return;
        }
        client.sessions.ask(specified(session.user, users), new Quietly() {
            @Override
            public void done(JSONObject body) {
                final List<V2TIMFriendInfo> friends = new ArrayList<V2TIMFriendInfo>();
                for (V2TIMFriendInfoResult result : results(body)) {
                    if (result.resultCode == Codes.OK) {
                        friends.add(result.friendInfo);
                    }
                }
                if (friends.isEmpty()) {
                    return;
                }
                listeners.tell(new Tell<V2TIMFriendshipListener>() {
                    @Override
                    void to(V2TIMFriendshipListener listener) {
                        if (isNew) {
                            listener.onFriendListAdded(friends);
                        } else {
                            listener.onFriendInfoChanged(friends);
                        }
                    }
                });
            }
        });
    }
}
