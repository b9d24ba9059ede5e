package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Request;
import timgate.wire.Json;

/** Reads all friends of a user, page by page, and then their profiles. */
abstract class FriendList {
    private final Client client;
    private final String self;
    private final Reply<?> reply;
    private final Map<String, V2TIMFriendInfo> found = new LinkedHashMap<String, V2TIMFriendInfo>();

    /** A refusal is the reply's. */
    FriendList(Client client, String self, Reply<?> reply) {
        this.client = client;
        this.self = self;
        this.reply = reply;
    }

    /** All of them; on the loop. */
    abstract void read(List<V2TIMFriendInfo> friends);

    final void start() {
        page(0);
    }

    private void page(long start) {
        client.ask(Request.of(Friendships.SNS + "friend_get", "From_Account", self, "StartIndex", start, "StandardSequence", 0,
            "CustomSequence", 0), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    int before = found.size();
                    for (JSONObject item : Json.objects(body, "UserDataItem")) {
                        V2TIMFriendInfo friend = Friendships.friend(Json.text(item, "To_Account"));
                        for (JSONObject field : Json.objects(item, "ValueItem")) {
                            Friendships.read(friend, field);
                        }
                        found.put(friend.userID, friend);
                    }
                    // A gateway that says for ever that there are more has an end too.
                    if (Json.integer(body, "CompleteFlag") == 1 || found.size() == before) {
                        profiles(new ArrayList<String>(found.keySet()));
                    } else {
                        page(Json.number(body, "NextStartIndex"));
                    }
                }
            });
    }

    private void profiles(final List<String> left) {
        if (left.isEmpty()) {
            read(new ArrayList<V2TIMFriendInfo>(found.values()));
            return;
        }
        final List<String> page = left.subList(0, Math.min(Users.MOST, left.size()));
        client.ask(Users.request(self, page), new Step(reply) {
            @Override
            void next(JSONObject body) {
                for (Map.Entry<String, V2TIMUserFullInfo> profile : Users.read(body).entrySet()) {
                    V2TIMFriendInfo friend = found.get(profile.getKey());
                    if (friend != null) {
                        friend.userProfile = profile.getValue();
                    }
                }
                profiles(left.subList(page.size(), left.size()));
            }
        });
    }
}
