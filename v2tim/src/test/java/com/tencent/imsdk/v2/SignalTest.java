package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.junit.jupiter.api.Test;

/** Signals are custom messages, and most custom messages are none. */
class SignalTest {
    @Test
    void anInvitationIsRead() {
        V2TIMSignalingInfo info = read("{\"businessID\":1,\"inviteID\":\"i1\",\"inviter\":\"alice\","
            + "\"inviteeList\":[\"bob\",\"carol\"],\"groupID\":\"\",\"data\":\"video\",\"timeout\":30,\"actionType\":1}");
        assertEquals("i1", info.getInviteID());
        assertEquals("alice", info.getInviter());
        assertEquals(Arrays.asList("bob", "carol"), info.getInviteeList());
        assertEquals("", info.getGroupID());
        assertEquals("video", info.getData());
        assertEquals(30, info.getTimeout());
        assertEquals(V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_INVITE, info.getActionType());
        assertEquals(1, info.getBusinessID());
    }

    @Test
    void whateverElseIsNone() {
        for (String other : new String[] {"", "{", "[]", "7", "{\"inviteID\":\"i1\"}", "{\"actionType\":1}",
            "{\"inviteID\":\"\",\"actionType\":1}", "{\"inviteID\":null,\"actionType\":\"x\"}", "{\u0000", "hello"}) {
            assertNull(read(other), other);
        }
        V2TIMSignalingManager manager = V2TIMManager.getSignalingManager();
        assertNull(manager.getSignalingInfo(null));
        assertNull(manager.getSignalingInfo(new V2TIMMessage()));
        assertNull(manager.getSignalingInfo(NewMessage.custom(null)));
        assertNull(manager.getSignalingInfo(NewMessage.custom(new byte[] {'{', (byte) 0xff})));
    }

    @Test
    void bracketsInBracketsAreNone() {
        StringBuilder nested = new StringBuilder("{\"inviteID\":\"i1\",\"actionType\":1,\"data\":");
        for (int i = 0; i < 1000000; i++) {
            nested.append('[');
        }
        assertNull(read(nested.toString()));
    }

    private static V2TIMSignalingInfo read(String json) {
        return V2TIMManager.getSignalingManager().getSignalingInfo(
            NewMessage.custom(json.getBytes(StandardCharsets.UTF_8)));
    }
}
