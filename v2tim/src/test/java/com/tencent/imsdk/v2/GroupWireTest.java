package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import timgate.session.Refusal;
import timgate.wire.Json;

/** Groups in the words of the wire. */
class GroupWireTest {
    @Test
    void aCommunityIsKnownByItsId() {
        assertTrue(GroupWire.isOfCommunity("@TGS#_mine"));
        for (String other : new String[] {"", "mine", "@TGS#2ABC", "@TGS#", "x@TGS#_mine", "@TGS#_mine@TOPIC#_one"}) {
            assertFalse(GroupWire.isOfCommunity(other), other);
        }
        assertEquals("million_group_open_http_svc.quit_group", GroupWire.command("@TGS#_mine", "quit_group"));
        assertEquals("group_open_http_svc.quit_group", GroupWire.command("@TGS#1mine", "quit_group"));
    }

    @Test
    void aTypeHasTheNameOfTheApi() {
        String[][] names = {{"Work", "Private"}, {"Public", "Public"}, {"Meeting", "ChatRoom"}, {"AVChatRoom", "AVChatRoom"},
            {"Community", "Community"}};
        for (String[] pair : names) {
            assertEquals(pair[1], GroupWire.typeToWire(pair[0]));
            assertEquals(pair[1], GroupWire.typeToWire(pair[1]));
            assertEquals(pair[0], GroupWire.typeOfWire(pair[1]));
        }
        assertEquals("Later", GroupWire.typeOfWire(GroupWire.typeToWire("Later")));
    }

    @Test
    void whatTheGatewaySaysOfAGroupIsRead() {
        V2TIMGroupInfo info = GroupWire.info(
            Json.parse("{\"GroupId\":\"@TGS#_a\",\"Type\":\"Community\",\"MuteAllMember\":\"On\",\"ShutUpAllMember\":\"Off\","
                + "\"SupportTopic\":1,\"ApplyJoinOption\":\"NeedPermission\",\"MemberNum\":100000}"),
            Json.parse("{\"Role\":\"Admin\",\"MsgFlag\":\"AcceptNotNotify\",\"JoinTime\":7}"));
        assertEquals("Community", info.getGroupType());
        assertTrue(info.isAllMuted() && info.isSupportTopic());
        assertEquals(V2TIMGroupInfo.V2TIM_GROUP_ADD_AUTH, info.getGroupAddOpt());
        assertEquals(100000, info.getMemberCount());
        assertEquals(V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_ADMIN, info.getRole());
        assertEquals(V2TIMMessage.V2TIM_RECEIVE_NOT_NOTIFY_MESSAGE, info.getRecvOpt());
        assertEquals(7, info.getJoinTime());
    }

    @Test
    void theWaysInHaveTheirWords() throws Refusal {
        String[] add = {"DisableApply", "NeedPermission", "FreeAccess"};
        String[] approve = {"DisableInvite", "NeedPermission", "FreeAccess"};
        for (int option = 0; option < 3; option += 1) {
            assertEquals(add[option], GroupWire.addOption(option));
            assertEquals(option, GroupWire.addOpt(add[option]));
            assertEquals(approve[option], GroupWire.approveOption(option));
            assertEquals(option, GroupWire.approveOpt(approve[option]));
        }
        assertThrows(Refusal.class, () -> GroupWire.approveOption(3));
        assertThrows(Refusal.class, () -> GroupWire.approveOption(-1));
    }

    @Test
    void whatIsNoRoleCannotBeGiven() throws Refusal {
        assertEquals("Admin", GroupWire.roleWord("call", 300));
        assertEquals("Member", GroupWire.roleWord("call", 200));
        assertThrows(Refusal.class, () -> GroupWire.roleWord("call", 400));
        assertThrows(Refusal.class, () -> GroupWire.addOption(3));
    }
}
