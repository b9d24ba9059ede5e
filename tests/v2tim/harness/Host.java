import android.content.Context;
import com.tencent.imsdk.v2.*;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * The process of one phone: it uses the library as an app does, does what the parent asks of it line by line, and tells the
 * parent everything the library says. A callback on a wrong thread, or a second one, is told as a fault.
 */
public final class Host {
    private static final String CALLBACK_THREAD = "timgate-callbacks";

    private static final PrintStream OUT = new PrintStream(System.out, true);
    private static final Map<Integer, Object> OBJECTS = new ConcurrentHashMap<>();
    private static final Map<Object, Integer> NUMBERS = java.util.Collections.synchronizedMap(new java.util.IdentityHashMap<>());
    private static final AtomicInteger LAST = new AtomicInteger();

    public static void main(String[] args) throws Exception {
        System.setErr(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject request = new JSONObject(line);
            try {
                carryOut(request);
            } catch (InvocationTargetException thrown) {
                tell(new JSONObject().put("id", request.get("id")).put("thrown", String.valueOf(thrown.getCause())));
            } catch (Exception wrong) {
                tell(new JSONObject().put("id", request.get("id")).put("thrown", String.valueOf(wrong)));
            }
        }
        System.exit(0);
    }

    private static void tell(JSONObject said) {
        String text = said.toString();
        synchronized (OUT) {
            OUT.println(text);
        }
    }

    // ---- calls

    private static void carryOut(JSONObject request) throws Exception {
        int id = request.getInt("id");
        String name = request.getString("method");
        JSONArray given = request.optJSONArray("args");
        if (name.equals("listen")) {
            listen();
            answer(id, null);
            return;
        }
        if (name.equals("initSDK")) {
            boolean done = V2TIMManager.getInstance().initSDK((Context) null, given.getInt(0), new V2TIMSDKConfig());
            answer(id, done);
            return;
        }
        Object manager = manager(request.getString("manager"));
        for (Method method : manager.getClass().getSuperclass().getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            boolean hasCallback = types.length > 0 && isCallback(types[types.length - 1]);
            int wanted = types.length - (hasCallback ? 1 : 0);
            if (!method.getName().equals(name) || wanted != given.length() || !fits(types, given)) {
                continue;
            }
            Object[] values = new Object[types.length];
            for (int index = 0; index < wanted; index += 1) {
                values[index] = value(types[index], given.opt(index));
            }
            Returned returned = new Returned();
            if (hasCallback) {
                values[wanted] = callback(types[wanted], id, returned);
            }
            method.setAccessible(true);
            Object result = method.invoke(manager, values);
            if (hasCallback) {
                // What the app has when the call returns is there before the callback, which is posted.
                returned.value = result;
                returned.done.countDown();
            } else {
                answer(id, result);
            }
            return;
        }
        throw new NoSuchMethodException(name + " with " + given.length() + " arguments");
    }

    private static final class Returned {
        final java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(1);
        volatile Object value;
    }

    private static boolean isCallback(Class<?> type) {
        return type == V2TIMCallback.class || type == V2TIMValueCallback.class || type == V2TIMSendCallback.class
            || type == V2TIMCompleteCallback.class;
    }

    /** Overloads with as many arguments differ by their first: a number, or a list. */
    private static boolean fits(Class<?>[] types, JSONArray given) {
        if (given.length() == 0) {
            return true;
        }
        Object first = given.opt(0);
        return !(first instanceof JSONArray) || List.class.isAssignableFrom(types[0]);
    }

    private static Object manager(String name) {
        switch (name) {
            case "message":
                return V2TIMManager.getMessageManager();
            case "group":
                return V2TIMManager.getGroupManager();
            case "conversation":
                return V2TIMManager.getConversationManager();
            case "friendship":
                return V2TIMManager.getFriendshipManager();
            case "signaling":
                return V2TIMManager.getSignalingManager();
            case "push":
                return V2TIMManager.getOfflinePushManager();
            default:
                return V2TIMManager.getInstance();
        }
    }

    private static Object value(Class<?> type, Object given) throws Exception {
        if (given == null || given == JSONObject.NULL) {
            return null;
        }
        if (given instanceof JSONObject && ((JSONObject) given).has("$object")) {
            return OBJECTS.get(((JSONObject) given).getInt("$object"));
        }
        if (type == int.class) {
            return ((Number) given).intValue();
        }
        if (type == long.class) {
            return ((Number) given).longValue();
        }
        if (type == double.class) {
            return ((Number) given).doubleValue();
        }
        if (type == byte[].class) {
            return bytes(given);
        }
        if (List.class.isAssignableFrom(type)) {
            List<Object> list = new ArrayList<>();
            JSONArray array = (JSONArray) given;
            for (int index = 0; index < array.length(); index += 1) {
                Object item = array.get(index);
                list.add(item instanceof JSONObject && ((JSONObject) item).has("$class")
                    ? object((JSONObject) item) : value(Object.class, item));
            }
            return list;
        }
        if (Map.class.isAssignableFrom(type)) {
            HashMap<String, String> texts = new HashMap<>();
            JSONArray names = ((JSONObject) given).names();
            for (int index = 0; names != null && index < names.length(); index += 1) {
                texts.put(names.getString(index), ((JSONObject) given).getString(names.getString(index)));
            }
            return texts;
        }
        return given instanceof JSONObject && ((JSONObject) given).has("$class") ? object((JSONObject) given) : given;
    }

    private static byte[] bytes(Object given) throws Exception {
        return given instanceof JSONObject
            ? Base64.getDecoder().decode(((JSONObject) given).getString("base64")) : given.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** A data class of the API, with what is given for its setters. */
    private static Object object(JSONObject given) throws Exception {
        Class<?> type = Class.forName("com.tencent.imsdk.v2." + given.getString("$class"));
        Object made = given.has("$new") ? type.getConstructor(String.class).newInstance(given.getString("$new")) : type.getConstructor().newInstance();
        JSONArray names = given.names();
        for (int index = 0; index < names.length(); index += 1) {
            String name = names.getString(index);
            if (name.startsWith("$")) {
                continue;
            }
            for (Method method : type.getMethods()) {
                if (method.getName().equals("set" + name) && method.getParameterTypes().length == 1) {
                    Class<?> parameter = method.getParameterTypes()[0];
                    Object value = Map.class.isAssignableFrom(parameter) ? map(given.getJSONObject(name)) : value(parameter, given.get(name));
                    method.invoke(made, value);
                    break;
                }
            }
        }
        return made;
    }

    private static Map<String, byte[]> map(JSONObject given) throws Exception {
        HashMap<String, byte[]> map = new HashMap<>();
        JSONArray names = given.names();
        for (int index = 0; names != null && index < names.length(); index += 1) {
            map.put(names.getString(index), bytes(given.get(names.getString(index))));
        }
        return map;
    }

    // ---- callbacks

    private static Object callback(Class<?> type, int id, Returned returned) {
        AtomicInteger count = new AtomicInteger();
        InvocationHandler handler = (proxy, method, args) -> {
            if (method.getDeclaringClass() == Object.class) {
                return method.getName().equals("hashCode") ? (Object) System.identityHashCode(proxy)
                    : method.getName().equals("equals") ? (Object) (proxy == args[0]) : "callback " + id;
            }
            checkThread(method.getName());
            if (method.getName().equals("onProgress")) {
                return null;
            }
            if (returned.done.getCount() > 0 && !returned.done.await(5, java.util.concurrent.TimeUnit.SECONDS)) {
                fault("a callback came before its call returned");
            }
            if (count.incrementAndGet() > 1) {
                fault("a second callback of call " + id + ": " + method.getName());
                return null;
            }
            JSONObject answer = new JSONObject().put("id", id).put("returned", json(returned.value, 0));
            boolean isFailure = method.getName().equals("onError") || method.getName().equals("onComplete") && (int) args[0] != 0;
            if (isFailure) {
                answer.put("error", new JSONObject().put("code", args[0]).put("text", args[1]));
            } else {
                answer.put("result", args == null || args.length == 0 ? JSONObject.NULL : json(args[args.length - 1], 0));
            }
            tell(answer);
            return null;
        };
        return java.lang.reflect.Proxy.newProxyInstance(Host.class.getClassLoader(), new Class<?>[] {type}, handler);
    }

    private static void checkThread(String what) {
        if (!Thread.currentThread().getName().equals(CALLBACK_THREAD)) {
            fault(what + " came on the thread " + Thread.currentThread().getName());
        }
    }

    private static void fault(String text) {
        try {
            tell(new JSONObject().put("fault", text));
        } catch (Exception wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    private static void answer(int id, Object value) throws Exception {
        tell(new JSONObject().put("id", id).put("result", json(value, 0)));
    }

    private static void event(String name, Object... data) {
        checkThread(name);
        try {
            JSONArray list = new JSONArray();
            for (Object item : data) {
                list.put(json(item, 0));
            }
            tell(new JSONObject().put("event", name).put("data", list));
        } catch (Exception wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    // ---- values

    /** What the getters of an object give; messages have a number by which the parent names them. */
    private static Object json(Object value, int depth) throws Exception {
        if (value == null) {
            return JSONObject.NULL;
        }
        if (value instanceof byte[]) {
            return new JSONObject().put("base64", Base64.getEncoder().encodeToString((byte[]) value))
                .put("text", new String((byte[]) value, StandardCharsets.UTF_8));
        }
        if (value instanceof Iterable) {
            JSONArray list = new JSONArray();
            for (Object item : (Iterable<?>) value) {
                list.put(json(item, depth + 1));
            }
            return list;
        }
        if (value instanceof Map) {
            JSONObject map = new JSONObject();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                map.put(String.valueOf(entry.getKey()), json(entry.getValue(), depth + 1));
            }
            return map;
        }
        if (!value.getClass().getName().startsWith("com.tencent.") || depth > 6) {
            return value;
        }
        JSONObject object = new JSONObject();
        for (Method method : value.getClass().getMethods()) {
            String name = method.getName();
            boolean isGetter = method.getParameterTypes().length == 0 && method.getDeclaringClass().getName().startsWith("com.tencent.")
                && (name.startsWith("get") || name.startsWith("is"));
            if (isGetter && method.getReturnType() != void.class) {
                String field = name.startsWith("get") ? name.substring(3) : name.substring(2);
                object.put(Character.toLowerCase(field.charAt(0)) + field.substring(1), json(method.invoke(value), depth + 1));
            }
        }
        object.put("$object", number(value));
        return object;
    }

    private static int number(Object value) {
        Integer known = NUMBERS.get(value);
        if (known != null) {
            return known;
        }
        int number = LAST.incrementAndGet();
        NUMBERS.put(value, number);
        OBJECTS.put(number, value);
        return number;
    }

    // ---- listeners

    private static void listen() {
        V2TIMManager.getInstance().addIMSDKListener(new V2TIMSDKListener() {
            @Override public void onConnecting() { event("onConnecting"); }
            @Override public void onConnectSuccess() { event("onConnectSuccess"); }
            @Override public void onConnectFailed(int code, String error) { event("onConnectFailed", code, error); }
            @Override public void onKickedOffline() { event("onKickedOffline"); }
            @Override public void onUserSigExpired() { event("onUserSigExpired"); }
            @Override public void onSelfInfoUpdated(V2TIMUserFullInfo info) { event("onSelfInfoUpdated", info); }
        });
        V2TIMManager.getMessageManager().addAdvancedMsgListener(new V2TIMAdvancedMsgListener() {
            @Override public void onRecvNewMessage(V2TIMMessage msg) { event("onRecvNewMessage", msg); }
            @Override public void onRecvC2CReadReceipt(List<V2TIMMessageReceipt> list) { event("onRecvC2CReadReceipt", list); }
            @Override public void onGroupMessagePinned(String id, V2TIMMessage message, boolean isPinned, V2TIMGroupMemberInfo by) {
                event("onGroupMessagePinned", id, message, isPinned, by);
            }

            @Override public void onRecvMessageRevoked(String id) { event("onRecvMessageRevoked", id); }
            @Override public void onRecvMessageRevoked(String id, V2TIMUserFullInfo user, String reason) {
                event("onRecvMessageRevokedBy", id, user, reason);
            }
        });
        V2TIMManager.getInstance().addSimpleMsgListener(new V2TIMSimpleMsgListener() {
            @Override public void onRecvC2CTextMessage(String id, V2TIMUserInfo sender, String text) { event("simpleC2CText", id, sender, text); }
            @Override public void onRecvC2CCustomMessage(String id, V2TIMUserInfo sender, byte[] data) { event("simpleC2CCustom", id, sender, data); }
            @Override public void onRecvGroupTextMessage(String id, String groupID, V2TIMGroupMemberInfo sender, String text) {
                event("simpleGroupText", id, groupID, sender, text);
            }
            @Override public void onRecvGroupCustomMessage(String id, String groupID, V2TIMGroupMemberInfo sender, byte[] data) {
                event("simpleGroupCustom", id, groupID, sender, data);
            }
        });
        V2TIMManager.getInstance().addGroupListener(new V2TIMGroupListener() {
            @Override public void onMemberEnter(String id, List<V2TIMGroupMemberInfo> members) { event("onMemberEnter", id, members); }
            @Override public void onMemberLeave(String id, V2TIMGroupMemberInfo member) { event("onMemberLeave", id, member); }
            @Override public void onMemberInvited(String id, V2TIMGroupMemberInfo by, List<V2TIMGroupMemberInfo> members) { event("onMemberInvited", id, by, members); }
            @Override public void onMemberKicked(String id, V2TIMGroupMemberInfo by, List<V2TIMGroupMemberInfo> members) { event("onMemberKicked", id, by, members); }
            @Override public void onMemberInfoChanged(String id, List<V2TIMGroupMemberChangeInfo> changes) { event("onMemberInfoChanged", id, changes); }
            @Override public void onGroupCreated(String id) { event("onGroupCreated", id); }
            @Override public void onGroupDismissed(String id, V2TIMGroupMemberInfo by) { event("onGroupDismissed", id, by); }
            @Override public void onGroupInfoChanged(String id, List<V2TIMGroupChangeInfo> changes) { event("onGroupInfoChanged", id, changes); }
            @Override public void onReceiveJoinApplication(String id, V2TIMGroupMemberInfo member, String reason) { event("onReceiveJoinApplication", id, member, reason); }
            @Override public void onApplicationProcessed(String id, V2TIMGroupMemberInfo by, boolean agreed, String reason) { event("onApplicationProcessed", id, by, agreed, reason); }
            @Override public void onGrantAdministrator(String id, V2TIMGroupMemberInfo by, List<V2TIMGroupMemberInfo> members) { event("onGrantAdministrator", id, by, members); }
            @Override public void onRevokeAdministrator(String id, V2TIMGroupMemberInfo by, List<V2TIMGroupMemberInfo> members) { event("onRevokeAdministrator", id, by, members); }
            @Override public void onQuitFromGroup(String id) { event("onQuitFromGroup", id); }
            @Override public void onGroupAttributeChanged(String id, Map<String, String> all) { event("onGroupAttributeChanged", id, all); }
            @Override public void onGroupCounterChanged(String id, String key, long value) { event("onGroupCounterChanged", id, key, value); }
            @Override public void onAllGroupMembersMuted(String id, boolean isMute) { event("onAllGroupMembersMuted", id, isMute); }
        });
        V2TIMManager.getConversationManager().addConversationListener(new V2TIMConversationListener() {
            @Override public void onSyncServerStart() { event("onSyncServerStart"); }
            @Override public void onSyncServerFinish() { event("onSyncServerFinish"); }
            @Override public void onSyncServerFailed() { event("onSyncServerFailed"); }
            @Override public void onNewConversation(List<V2TIMConversation> list) { event("onNewConversation", list); }
            @Override public void onConversationChanged(List<V2TIMConversation> list) { event("onConversationChanged", list); }
            @Override public void onConversationDeleted(List<String> list) { event("onConversationDeleted", list); }
            @Override public void onTotalUnreadMessageCountChanged(long count) { event("onTotalUnreadMessageCountChanged", count); }
        });
        V2TIMManager.getFriendshipManager().addFriendListener(new V2TIMFriendshipListener() {
            @Override public void onFriendListAdded(List<V2TIMFriendInfo> list) { event("onFriendListAdded", list); }
            @Override public void onFriendListDeleted(List<String> list) { event("onFriendListDeleted", list); }
            @Override public void onFriendInfoChanged(List<V2TIMFriendInfo> list) { event("onFriendInfoChanged", list); }
        });
        V2TIMManager.getSignalingManager().addSignalingListener(new V2TIMSignalingListener() {
            @Override public void onReceiveNewInvitation(String id, String inviter, String groupID, List<String> invitees, String data) {
                event("onReceiveNewInvitation", id, inviter, groupID, invitees, data);
            }
            @Override public void onInviteeAccepted(String id, String invitee, String data) { event("onInviteeAccepted", id, invitee, data); }
            @Override public void onInviteeRejected(String id, String invitee, String data) { event("onInviteeRejected", id, invitee, data); }
            @Override public void onInvitationCancelled(String id, String inviter, String data) { event("onInvitationCancelled", id, inviter, data); }
            @Override public void onInvitationTimeout(String id, List<String> invitees) { event("onInvitationTimeout", id, invitees); }
        });
    }
}
