package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Data classes keep what they are given, travel in Intents, and tell logs no secrets. */
class DataTest {
    /** Texts that people wrote, names of theirs, files and keys: not for a log. */
    private static final List<String> PRIVATE = Arrays.asList("text", "data", "desc", "description", "extension",
        "ext", "token", "title", "url", "videoUrl", "snapshotUrl", "path", "videoPath", "snapshotPath",
        "nickName", "nickname", "friendRemark", "nameCard", "faceUrl", "groupName", "introduction", "notification",
        "selfSignature", "customStatus", "draftText", "customData", "cloudCustomData", "localCustomData",
        "requestMsg", "handledMsg", "addWording", "authentication", "downloadKey", "showName", "value");

    @TestFactory
    List<DynamicTest> settersAreReadByGetters() throws Exception {
        return each(type -> {
            Object object = make(type);
            for (Method setter : type.getMethods()) {
                Method getter = getter(type, setter);
                if (getter != null) {
                    Object value = sample(setter.getParameterTypes()[0]);
                    setter.invoke(object, value);
                    assertEquals(value, getter.invoke(object), setter.getName());
                }
            }
        });
    }

    @TestFactory
    List<DynamicTest> whatIsWrittenIsReadBack() throws Exception {
        return each(type -> {
            if (!Serializable.class.isAssignableFrom(type)) {
                assertSame(V2TIMSDKConfig.class, type);
                return;
            }
            Object object = filled(type);
            Object read = readBack(object);
            for (Field field : fields(type)) {
                assertEquals(shown(field.get(object)), shown(field.get(read)), field.getName());
            }
        });
    }

    @TestFactory
    List<DynamicTest> logsSeeNothingPrivate() throws Exception {
        return each(type -> {
            Object object = make(type);
            for (Field field : fields(type)) {
                if (field.getType() == String.class) {
                    field.set(object, PRIVATE.contains(field.getName()) ? "SECRET" : "shown");
                } else if (field.getType() == byte[].class) {
                    field.set(object, "SECRET".getBytes(StandardCharsets.UTF_8));
                } else if (field.getType() == List.class) {
                    field.set(object, Collections.singletonList("SECRET"));
                }
            }
            assertFalse(object.toString().contains("SECRET"), object.toString());
        });
    }

    /** Results are read without a question for null. */
    @TestFactory
    List<DynamicTest> listsOfResultsAreNeverNull() throws Exception {
        return each(type -> {
            for (Method getter : type.getMethods()) {
                boolean result = getter(type, setter(type, getter)) == null;
                if (getter.getReturnType() == List.class && getter.getParameterCount() == 0 && result) {
                    assertNotNull(getter.invoke(make(type)), getter.getName());
                }
            }
        });
    }

    @Test
    void aMessageBegins() {
        V2TIMMessage message = new V2TIMMessage();
        assertNull(message.getMsgID());
        assertNull(message.getTextElem());
        assertNull(message.getGroupID());
        assertNull(message.getUserID());
        assertEquals("", message.getLocalCustomData());
        assertEquals(0, message.getLocalCustomInt());
        assertTrue(message.getGroupAtUserList().isEmpty());
        assertFalse(message.getOfflinePushInfo().isDisablePush());
        assertNull(message.getOfflinePushInfo().getTitle());
    }

    @Test
    void madeMessagesHaveTheirElementAndNoOther() {
        V2TIMMessageManager messages = V2TIMManager.getMessageManager();
        byte[] bytes = {1, 2};
        V2TIMMessage text = messages.createTextAtMessage("hello", Arrays.asList("bob", V2TIMGroupAtInfo.AT_ALL_TAG));
        assertEquals(V2TIMMessage.V2TIM_ELEM_TYPE_TEXT, text.getElemType());
        assertEquals("hello", text.getTextElem().getText());
        assertEquals(Arrays.asList("bob", "__kImSDK_MesssageAtALL__"), text.getGroupAtUserList());
        assertNull(text.getCustomElem());
        V2TIMCustomElem custom = messages.createCustomMessage(bytes, "line", new byte[] {3}).getCustomElem();
        assertSame(bytes, custom.getData());
        assertEquals("line", custom.getDescription());
        assertEquals(3, custom.getExtension()[0]);
        V2TIMLocationElem place = messages.createLocationMessage("here", 121.5, 31.2).getLocationElem();
        assertEquals(121.5, place.getLongitude());
        assertEquals(31.2, place.getLatitude());
        V2TIMVideoElem video = messages.createVideoMessage("/v", "mp4", 9, "/s").getVideoElem();
        assertEquals("/v mp4 9 /s", video.getVideoPath() + " " + video.getVideoType() + " " + video.getDuration()
            + " " + video.getSnapshotPath());
        V2TIMMessage forwarded = messages.createForwardMessage(text);
        assertSame(text.getTextElem(), forwarded.getTextElem());
        assertTrue(forwarded.getGroupAtUserList().isEmpty());
        assertNull(messages.createForwardMessage(null));
        assertSame(text, messages.createTargetedGroupMessage(text, Collections.singletonList("bob")));
    }

    @Test
    void elementsMakeAChainWithoutARing() {
        V2TIMElem first = new V2TIMTextElem();
        V2TIMElem second = new V2TIMCustomElem();
        V2TIMElem third = new V2TIMFaceElem();
        first.appendElem(second);
        first.appendElem(third);
        first.appendElem(third);
        first.appendElem(first);
        first.appendElem(null);
        third.appendElem(first);
        assertSame(second, first.getNextElem());
        assertSame(third, second.getNextElem());
        assertNull(third.getNextElem());
    }

    @Test
    void aChangeKnowsWhatWasSet() {
        V2TIMGroupInfo group = new V2TIMGroupInfo();
        group.setGroupID("g");
        group.setNotification(null);
        assertEquals(new HashSet<>(Arrays.asList("GroupID", "Notification")), group.changed);
        V2TIMUserFullInfo user = new V2TIMUserFullInfo();
        user.setNickname("Ann");
        user.setFaceUrl("https://example.org/a.png");
        assertEquals(new HashSet<>(Arrays.asList("NickName", "FaceUrl")), user.changed);
        assertEquals("Ann", user.getNickName());
        Map<String, byte[]> fields = Collections.singletonMap("Tag", new byte[] {1});
        user.setCustomInfo(fields);
        assertEquals(fields, user.getCustomInfo());
    }

    private interface Check {
        void of(Class<?> type) throws Exception;
    }

    private static List<DynamicTest> each(Check check) throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (Listing.Type listed : Listing.read().types()) {
            boolean data = listed.declaration.startsWith("class V2TIM") && !listed.name.equals("V2TIMElem.V2ProgressInfo");
            if (data) {
                Class<?> type = Class.forName("com.tencent.imsdk.v2." + listed.name.replace('.', '$'));
                tests.add(DynamicTest.dynamicTest(listed.name, () -> check.of(type)));
            }
        }
        return tests;
    }

    private static Object make(Class<?> type) throws Exception {
        if (type == V2TIMFriendAddApplication.class) {
            return new V2TIMFriendAddApplication("bob");
        }
        return type == V2TIMOfflinePushConfig.class ? new V2TIMOfflinePushConfig(1, "t", true)
            : type.getConstructor().newInstance();
    }

    private static Object filled(Class<?> type) throws Exception {
        Object object = make(type);
        for (Field field : fields(type)) {
            if (!Modifier.isFinal(field.getModifiers()) && !V2TIMElem.class.isAssignableFrom(field.getType())) {
                field.set(object, sample(field.getType()));
            }
        }
        return object;
    }

    private static List<Field> fields(Class<?> type) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    private static Object sample(Class<?> type) throws Exception {
        if (type == String.class) {
            return "text";
        }
        if (type == boolean.class) {
            return true;
        }
        if (type == int.class) {
            return 42;
        }
        if (type == long.class) {
            return 1L << 40;
        }
        if (type == double.class) {
            return 0.5;
        }
        if (type == byte[].class) {
            return new byte[] {1, 2, 3};
        }
        if (type == List.class) {
            return new ArrayList<>(Arrays.asList("a", "b"));
        }
        if (type == Map.class || type == HashMap.class) {
            return new HashMap<>(Collections.singletonMap("key", "value"));
        }
        if (type == V2TIMLogListener.class) {
            return new V2TIMLogListener() {
            };
        }
        return type.getConstructor().newInstance();
    }

    private static Object readBack(Object object) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return in.readObject();
        }
    }

    private static String shown(Object value) {
        return value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value);
    }

    private static Method getter(Class<?> type, Method setter) {
        if (setter == null || !setter.getName().startsWith("set") || setter.getParameterCount() != 1) {
            return null;
        }
        String property = setter.getName().substring(3);
        for (String prefix : new String[] {"get", "is"}) {
            try {
                Method getter = type.getMethod(prefix + property);
                if (getter.getReturnType() == setter.getParameterTypes()[0]) {
                    return getter;
                }
            } catch (NoSuchMethodException tryNext) {
                continue;
            }
        }
        return null;
    }

    private static Method setter(Class<?> type, Method getter) {
        try {
            return type.getMethod(getter.getName().replaceFirst("^(get|is)", "set"), getter.getReturnType());
        } catch (NoSuchMethodException none) {
            return null;
        }
    }
}
