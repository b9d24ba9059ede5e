package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Request;
import timgate.wire.Json;

/** Reads who waits for a word of the user, page by page: in groups, and then in communities, of which the gateway has another list. */
abstract class ApplicationList {
    private static final int PAGE = 50;
    /** Of applications that are read of each list: one that grows all the time has an end for its reader. */
    private static final int MOST_PAGES = 40;

    private final Client client;
    private final String self;
    private final Reply<?> reply;
    /** By what makes one: pages may meet in the same moment. */
    private final Map<String, V2TIMGroupApplication> found = new LinkedHashMap<String, V2TIMGroupApplication>();

    /** A refusal is the reply's. */
    ApplicationList(Client client, String self, Reply<?> reply) {
        this.client = client;
        this.self = self;
        this.reply = reply;
    }

    /** All of them, the oldest first; on the loop. */
    abstract void read(List<V2TIMGroupApplication> applications);

    final void start() {
        page(GroupWire.GROUPS, 0, 1);
    }

    private void page(final String service, long from, final int number) {
        client.ask(Request.of(service + "get_pendency", "StartTime", from, "Limit", PAGE, "Handle_Account", self), new Step(reply) {
            @Override
            void next(JSONObject body) {
                for (JSONObject item : Json.objects(body, "PendencyList")) {
                    V2TIMGroupApplication application = application(item);
                    found.put(application.groupID + ' ' + application.type + ' ' + application.fromUser + ' ' + application.toUser, application);
                }
                long next = Json.number(body, "NextStartTime");
                if (next != 0 && number < MOST_PAGES) {
                    page(service, next, number + 1);
                } else if (service.equals(GroupWire.GROUPS)) {
                    page(GroupWire.COMMUNITIES, 0, 1);
                } else {
                    List<V2TIMGroupApplication> all = new ArrayList<V2TIMGroupApplication>(found.values());
                    Collections.sort(all, OLDEST_FIRST);
                    read(all);
                }
            }
        });
    }

    private static final Comparator<V2TIMGroupApplication> OLDEST_FIRST = new Comparator<V2TIMGroupApplication>() {
        @Override
        public int compare(V2TIMGroupApplication one, V2TIMGroupApplication other) {
            return Long.signum(one.messageKey - other.messageKey);
        }
    };

    private static V2TIMGroupApplication application(JSONObject item) {
        V2TIMGroupApplication application = new V2TIMGroupApplication();
        application.groupID = Json.text(item, "GroupId");
        application.fromUser = Json.text(item, "From_Account");
        application.fromUserNickName = Json.text(item, "FromUserNickName");
        application.fromUserFaceUrl = Json.text(item, "FromUserFaceUrl");
        application.toUser = Json.text(item, "To_Account");
        application.addTime = Json.number(item, "AddTime") / 1000;
        application.requestMsg = Json.text(item, "ApplyInviteMsg");
        application.handledMsg = "";
        application.type = Json.integer(item, "PendencyType");
        application.handleStatus = Json.integer(item, "Handled");
        application.authentication = Json.text(item, "Authentication");
        application.messageKey = Json.number(item, "AddTime");
        return application;
    }
}
