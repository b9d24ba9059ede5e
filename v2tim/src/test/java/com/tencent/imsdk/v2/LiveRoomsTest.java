package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

import org.json.JSONObject;
import org.junit.jupiter.api.Test;
import timgate.wire.Json;

/** What is told in AVChatRooms to those who ask for it, and of many at once. */
class LiveRoomsTest {
    @Test
    void whatIsAskedForIsReadAsIfItWerePushed() {
        List<JSONObject> events = LiveRooms.events(Arrays.asList(
            Json.parse("{\"Event\":3,\"ToGroupId\":\"a\",\"MsgSeq\":4}"),
            Json.parse("{\"Event\":4,\"ToGroupId\":\"a\",\"MsgBody\":{\"OpType\":1}}"),
            Json.parse("{\"Event\":5,\"ToGroupId\":\"a\",\"MsgBody\":{\"ReportType\":5}}")), 0);
        assertEquals(3, Json.integer(events.get(0), "Event"));
        assertEquals(4, Json.integer(only(events.get(0), "GroupMsgArray"), "MsgSeq"));
        assertEquals(4, Json.integer(events.get(1), "Event"));
        assertEquals(1, Json.integer(Json.object(only(events.get(1), "GroupTips"), "MsgBody"), "OpType"));
        assertEquals(5, Json.integer(events.get(2), "Event"));
    }

    @Test
    void theLatestMessagesOfANewcomerSayNotWhatTheyAre() {
        List<JSONObject> events = LiveRooms.events(Collections.singletonList(Json.parse("{\"ToGroupId\":\"a\",\"MsgSeq\":4}")), 3);
        assertEquals(4, Json.integer(only(events.get(0), "GroupMsgArray"), "MsgSeq"));
    }

    @Test
    void whatIsTakenBackIsANotice() {
        List<JSONObject> events = LiveRooms.events(Collections.singletonList(Json.parse("{\"Event\":20,\"ToGroupId\":\"a\","
            + "\"RevokerInfo\":{\"Revoker_Account\":\"bob\"},\"MsgBody\":{\"RevokeMsgList\":[{\"TinyId\":\"1\",\"MsgClientTime\":2,"
            + "\"MsgRandom\":3,\"MsgSeq\":4}]}}")), 0);
        assertEquals(5, Json.integer(events.get(0), "Event"));
        JSONObject notice = only(events.get(0), "GroupTips");
        JSONObject gone = only(Json.object(notice, "MsgBody"), "GroupWithdrawInfoArray");
        assertEquals("a 1 2 3 4", Json.text(gone, "GroupId") + ' ' + Json.text(gone, "TinyId") + ' ' + Json.number(gone, "MsgClientTime") + ' '
            + Json.number(gone, "MsgRandom") + ' ' + Json.number(gone, "MsgSeq"));
        assertEquals("bob", Json.text(Json.object(notice, "RevokerInfo"), "Revoker_Account"));
    }

    @Test
    void whatIsPutOutForATimeIsPutOut() {
        V2TIMGroupTipsElem tip = Tips.elem("a", Json.parse("{\"OpType\":10,\"Operator_Account\":\"owner\",\"List_Account\":[\"bob\"]}"));
        assertEquals(V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_KICKED, tip.getType());
        assertEquals("bob", tip.getMemberList().get(0).getUserID());
    }

    @Test
    void oneTipNamesAllWhoLeftAtOnce() {
        V2TIMGroupTipsElem many = Tips.elem("a",
            Json.parse("{\"OpType\":2,\"Operator_Account\":\"bob\",\"List_Account\":[\"bob\",\"carol\"],\"MemberNum\":7}"));
        assertEquals(V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_QUIT, many.getType());
        assertEquals(2, many.getMemberList().size());
        assertEquals(7, many.getMemberCount());
        V2TIMGroupTipsElem one = Tips.elem("a", Json.parse("{\"OpType\":2,\"Operator_Account\":\"bob\"}"));
        assertEquals("bob", one.getMemberList().get(0).getUserID());
    }

    @Test
    void nothingIsToldOfNothing() {
        assertTrue(LiveRooms.events(Collections.<JSONObject>emptyList(), 3).isEmpty());
    }

    private static JSONObject only(JSONObject object, String name) {
        List<JSONObject> all = Json.objects(object, name);
        assertEquals(1, all.size());
        return all.get(0);
    }
}
