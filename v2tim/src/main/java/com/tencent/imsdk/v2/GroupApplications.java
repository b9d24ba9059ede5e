package com.tencent.imsdk.v2;

import java.util.List;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** Who waits to be let into a group, and what is decided about them. */
final class GroupApplications {
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
            new ApplicationList(client, self, reply) {
                @Override
                void read(List<V2TIMGroupApplication> applications) {
                    V2TIMGroupApplicationResult result = new V2TIMGroupApplicationResult();
                    result.groupApplicationList.addAll(applications);
                    for (V2TIMGroupApplication application : applications) {
                        if (!self.equals(readBy) || application.addTime > readUpTo) {
                            result.unreadCount++;
                        }
                    }
                    reply.succeed(result);
                }
            }.start();
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void setRead(V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupApplicationRead");
            final String self = client.session("setGroupApplicationRead").user;
            new ApplicationList(client, self, reply) {
                @Override
                void read(List<V2TIMGroupApplication> applications) {
                    readUpTo = self.equals(readBy) ? readUpTo : 0;
                    readBy = self;
                    for (V2TIMGroupApplication application : applications) {
                        readUpTo = Math.max(readUpTo, application.addTime);
                    }
                    reply.succeed(null);
                }
            }.start();
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
            Check.text(call + ": the application's groupID", application.groupID);
            client.ask(Request.of(GroupWire.command(application.groupID, command(application.type)), "GroupId", application.groupID,
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
}
