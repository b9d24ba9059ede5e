package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONObject;
import timgate.session.Session;
import timgate.wire.Json;

/** Tells group listeners what happened: tips that all members see, and notices to one user. */
final class GroupNews {
    private static final int APPLICATION = 1;
    private static final int ACCEPTED = 2;
    private static final int REFUSED = 3;
    private static final int KICKED = 4;
    private static final int DISMISSED = 5;
    private static final int CREATED = 6;
    private static final int INVITED = 7;
    private static final int QUIT = 8;
    private static final int ADMIN_GRANTED = 9;
    private static final int ADMIN_REVOKED = 10;
    private static final int RECYCLED = 11;
    private static final int RECEIVE_OPTION = 20;
    private static final int BANNED = 21;
    private static final int COUNTER_DELETED = 1;

    private final Client client;

    GroupNews(Client client) {
        this.client = client;
    }

    void tip(final String groupID, final JSONObject body) {
        final int kind = Json.integer(body, "OpType");
        final V2TIMGroupMemberInfo operator = Tips.operator(body);
        final List<V2TIMGroupMemberInfo> members = Tips.members(body);
        final List<V2TIMGroupChangeInfo> changes = Tips.groupChanges(Json.object(body, "MsgGroupNewInfo"));
        final List<V2TIMGroupMemberChangeInfo> memberChanges = Tips.memberChanges(body);
        if (kind == Tips.PROFILE_CHANGED) {
            client.conversing.groupChanged(groupID, Json.object(body, "MsgGroupNewInfo"));
        }
        tell(new Tell<V2TIMGroupListener>() {
            @Override
            void to(V2TIMGroupListener listener) {
                switch (kind) {
                    case Tips.CAME_IN:
                        if (Tips.isByInvitation(body)) {
                            listener.onMemberInvited(groupID, operator, members);
                        } else {
                            listener.onMemberEnter(groupID, members);
                        }
                        break;
                    case Tips.LEFT:
                        // Of a room that many leave at once one tip names several.
                        for (V2TIMGroupMemberInfo member : members) {
                            listener.onMemberLeave(groupID, member);
                        }
                        break;
                    case Tips.KICKED:
                    case Tips.BANNED:
                        listener.onMemberKicked(groupID, operator, members);
                        break;
                    case Tips.ADMIN_SET:
                        listener.onGrantAdministrator(groupID, operator, members);
                        break;
                    case Tips.ADMIN_UNSET:
                        listener.onRevokeAdministrator(groupID, operator, members);
                        break;
                    case Tips.PROFILE_CHANGED:
                        listener.onGroupInfoChanged(groupID, changes);
                        for (V2TIMGroupChangeInfo change : changes) {
                            if (change.type == V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_SHUT_UP_ALL) {
                                listener.onAllGroupMembersMuted(groupID, change.boolValue);
                            }
                        }
                        break;
                    case Tips.MEMBERS_CHANGED:
                        listener.onMemberInfoChanged(groupID, memberChanges);
                        break;
                    default:
                        break;
                }
            }
        });
    }

    /** One that was deleted has no value that could be told. */
    void counters(final String groupID, List<JSONObject> changes) {
        for (JSONObject change : changes) {
            if (Json.integer(change, "Type") == COUNTER_DELETED) {
                continue;
            }
            for (JSONObject counter : Json.objects(change, "GroupCounter")) {
                final String key = Json.text(counter, "Key");
                final long value = Json.number(counter, "Value");
                tell(new Tell<V2TIMGroupListener>() {
                    @Override
                    void to(V2TIMGroupListener listener) {
                        listener.onGroupCounterChanged(groupID, key, value);
                    }
                });
            }
        }
    }

    void notice(JSONObject item, JSONObject body, Session session) {
        String named = Json.text(item, "ToGroupId");
        final String groupID = named.isEmpty() ? Json.text(Json.object(item, "GroupInfo"), "GroupId") : named;
        final int kind = Json.integer(body, body.has("ReportType") ? "ReportType" : "OpType");
        final V2TIMGroupMemberInfo operator = Tips.operator(body);
        final String reason = Json.text(body, "RemarkInfo");
        final V2TIMGroupMemberInfo self = new V2TIMGroupMemberInfo();
        self.userID = session.user;
        final List<V2TIMGroupMemberInfo> selves = new ArrayList<V2TIMGroupMemberInfo>();
        selves.add(self);
        if (kind == DISMISSED || kind == RECYCLED) {
            client.live.ended(groupID);
        } else if (kind == KICKED || kind == BANNED || kind == QUIT) {
            client.live.left(groupID);
        }
        if (kind == KICKED || kind == BANNED || kind == DISMISSED || kind == QUIT || kind == RECYCLED) {
            client.conversing.gone(ConversationId.ofGroup(groupID));
        }
        if (kind == RECEIVE_OPTION) {
            client.conversing.muted(ConversationId.ofGroup(groupID), GroupWire.receiveOption(Json.text(body, "MsgFlag")));
        }
        tell(new Tell<V2TIMGroupListener>() {
            @Override
            void to(V2TIMGroupListener listener) {
                switch (kind) {
                    case APPLICATION:
                        listener.onReceiveJoinApplication(groupID, operator, reason);
                        break;
                    case ACCEPTED:
                    case REFUSED:
                        listener.onApplicationProcessed(groupID, operator, kind == ACCEPTED, reason);
                        break;
                    case KICKED:
                    case BANNED:
                        listener.onMemberKicked(groupID, operator, selves);
                        break;
                    case DISMISSED:
                        listener.onGroupDismissed(groupID, operator);
                        break;
                    case CREATED:
                        listener.onGroupCreated(groupID);
                        break;
                    case INVITED:
                        listener.onMemberInvited(groupID, operator, selves);
                        break;
                    case QUIT:
                        listener.onQuitFromGroup(groupID);
                        break;
                    case ADMIN_GRANTED:
                        listener.onGrantAdministrator(groupID, operator, selves);
                        break;
                    case ADMIN_REVOKED:
                        listener.onRevokeAdministrator(groupID, operator, selves);
                        break;
                    case RECYCLED:
                        listener.onGroupRecycled(groupID, operator);
                        break;
                    default:
                        break;
                }
            }
        });
    }

    /** There is no such group any more; nobody said who ended it. */
    void dismissed(final String groupID) {
        final V2TIMGroupMemberInfo unknown = new V2TIMGroupMemberInfo();
        unknown.userID = "";
        tell(new Tell<V2TIMGroupListener>() {
            @Override
            void to(V2TIMGroupListener listener) {
                listener.onGroupDismissed(groupID, unknown);
            }
        });
    }

    private void tell(Tell<V2TIMGroupListener> tell) {
        client.all.sdk.groupListeners.tell(tell);
    }
}
