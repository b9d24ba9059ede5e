package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Request;
import timgate.wire.Json;

/**
 * Reads all groups that a user is in, page by page: those of the gateway's one list, and then the communities, of which it has
 * another.
 *
 * <p>An AVChatRoom is in neither: one is in it by being there.
 */
abstract class JoinedGroups {
    private static final int PAGE = 100;

    private final Client client;
    private final String self;
    private final Reply<?> reply;
    /** By their IDs: what changes while it is read may be on two pages. */
    private final Map<String, V2TIMGroupInfo> found = new LinkedHashMap<String, V2TIMGroupInfo>();

    /** A refusal is the reply's. */
    JoinedGroups(Client client, String self, Reply<?> reply) {
        this.client = client;
        this.self = self;
        this.reply = reply;
    }

    /** All of them; on the loop. */
    abstract void read(List<V2TIMGroupInfo> groups);

    final void start() {
        page(GroupWire.GROUPS, 0);
    }

    private void page(final String service, final int offset) {
        // Communities with topics are not asked for: no call of this library is about topics.
        client.ask(Request.of(service + "get_joined_group_list", "Member_Account", self, "Limit", PAGE, "Offset", offset,
            "ResponseFilter", Json.object("GroupBaseInfoFilter", Json.list((Object[]) GroupProfiles.BASE),
                "SelfInfoFilter", Json.list((Object[]) GroupProfiles.SELF)),
            "SupportTopic", 0, "NeedAppDefineData", 1), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    List<JSONObject> items = Json.objects(body, "GroupIdList");
                    for (JSONObject item : items) {
                        found.put(Json.text(item, "GroupId"), GroupWire.info(item, Json.object(item, "SelfInfo")));
                    }
                    if (!items.isEmpty() && offset + PAGE < Json.integer(body, "TotalCount")) {
                        page(service, offset + PAGE);
                    } else if (service.equals(GroupWire.GROUPS)) {
                        page(GroupWire.COMMUNITIES, 0);
                    } else {
                        read(new ArrayList<V2TIMGroupInfo>(found.values()));
                    }
                }
            });
    }
}
