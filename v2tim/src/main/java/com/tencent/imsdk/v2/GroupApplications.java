package com.tencent.imsdk.v2;

import java.util.List;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** Who waits to be let into a group, and what is decided about them. */
final class GroupApplications {
    private static final int PAGE = 50;
    /** Of applications that are read at once: a list that grows all the time has an end for its reader. */
    private static final int MOST_PAGES = 40;

    private final Managers all;
    /** Who has read the list, and up to which application: the gateway keeps no such mark. Both on the loop. */
    private String readBy = "";
    private long readUpTo;

    GroupApplications(Managers all) {
        this.all = all;
    }

    void list(V2TIMValueCallback<V2TIMGroupApplicationResult> callback) {
        final Reply<V2TIMGroupApplicationResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupApplicationList");
            final String self = client.session("getGroupApplicationList").user;
            final V2TIMGroupApplicationResult result = new V2TIMGroupApplicationResult();
            read(client, self, 0, 1, result, reply, new Step(reply) {
                @Override
                void next(JSONObject body) {
                    for (V2TIMGroupApplication application : result.groupApplicationList) {
                        if (!self.equals(readBy) || application.addTime > readUpTo) {
                            result.unreadCount++;
                        }
                    }
                    reply.succeed(result);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void setRead(V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupApplicationRead");
            final String self = client.session("setGroupApplicationRead").user;
            final V2TIMGroupApplicationResult result = new V2TIMGroupApplicationResult();
            read(client, self, 0, 1, result, reply, new Step(reply) {
                @Override
                void next(JSONObject body) {
                    readUpTo = self.equals(readBy) ? readUpTo : 0;
                    readBy = self;
                    for (V2TIMGroupApplication application : result.groupApplicationList) {
                        readUpTo = Math.max(readUpTo, application.addTime);
                    }
                    reply.succeed(null);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void decide(final V2TIMGroupApplication application, final boolean agrees, String reason, V2TIMCallback callback) {
        String call = agrees ? "acceptGroupApplication" : "refuseGroupApplication";
        final Reply<Void> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn(call);
            Check.given(call + ": the application", application);
            final String said = reason == null ? "" : reason;
            client.ask(Request.of(Groups.GROUP + command(application.type),
                "GroupId", Check.text(call + ": the application's groupID", application.groupID),
                application.type == V2TIMGroupApplication.V2TIM_GROUP_INVITE_APPLICATION_NEED_APPROVED_BY_INVITEE
                    ? "Inviter_Account" : "Applicant_Account", application.fromUser,
                "HandleMsg", agrees ? "Agree" : "Reject", "ApprovalMsg", said,
                "Authentication", application.authentication, "MsgKey", application.messageKey), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        application.handleStatus = V2TIMGroupApplication.V2TIM_GROUP_APPLICATION_HANDLE_STATUS_HANDLED_BY_SELF;
                        application.handleResult = agrees
                            ? V2TIMGroupApplication.V2TIM_GROUP_APPLICATION_HANDLE_RESULT_AGREE
                            : V2TIMGroupApplication.V2TIM_GROUP_APPLICATION_HANDLE_RESULT_REFUSE;
                        application.handledMsg = said;
                        return null;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static String command(int type) {
        switch (type) {
            case V2TIMGroupApplication.V2TIM_GROUP_INVITE_APPLICATION_NEED_APPROVED_BY_INVITEE:
                return "handle_invite_join_group";
            case V2TIMGroupApplication.V2TIM_GROUP_INVITE_APPLICATION_NEED_APPROVED_BY_ADMIN:
                return "handle_invite_join_permission_group";
            default:
                return "handle_apply_join_group";
        }
    }

    /** Page by page, and then what follows. */
    private static void read(final Client client, final String self, long from, final int page, final V2TIMGroupApplicationResult result,
            final Reply<?> reply, final Step then) {
        client.ask(Request.of(Groups.GROUP + "get_pendency", "StartTime", from, "Limit", PAGE, "Handle_Account", self), new Step(reply) {
            @Override
            void next(JSONObject body) {
                List<JSONObject> items = Json.objects(body, "PendencyList");
                for (JSONObject item : items) {
                    result.groupApplicationList.add(application(item));
                }
                long next = Json.number(body, "NextStartTime");
                if (next == 0 || page == MOST_PAGES) {
                    then.done(body);
                } else {
                    read(client, self, next, page + 1, result, reply, then);
                }
            }
        });
    }

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
