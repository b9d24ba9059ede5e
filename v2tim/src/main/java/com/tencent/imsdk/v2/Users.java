package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;
import timgate.wire.Utf8;

/** Profiles of users. */
final class Users {
    static final int MOST = 100;

    private static final String TAG = "Tag_Profile_IM_";
    private static final String CUSTOM = "Tag_Profile_Custom_";
    private static final String[] GENDERS = {"Gender_Type_Unknown", "Gender_Type_Male", "Gender_Type_Female"};
    private static final String[] ALLOWED = {"AllowType_Type_AllowAny", "AllowType_Type_NeedConfirm", "AllowType_Type_DenyAny"};

    private Users() {
    }

    // ---- asking

    static Request request(String self, List<String> users) {
        JSONArray items = new JSONArray();
        for (String user : users) {
            items.put(Json.object("To_Account", user, "StandardSequence", 0, "CustomSequence", 0));
        }
        return Request.of("profile.portrait_get_all", "From_Account", self, "UserItem", items);
    }

    /** The profiles of an answer, by users. Those whom the gateway does not know are not among them. */
    static Map<String, V2TIMUserFullInfo> read(JSONObject body) {
        Map<String, V2TIMUserFullInfo> users = new HashMap<String, V2TIMUserFullInfo>();
        for (JSONObject item : Json.objects(body, "UserProfileItem")) {
            String user = Json.text(item, "To_Account");
            if (!user.isEmpty() && !user.startsWith("@TLS#")) {
                V2TIMUserFullInfo info = new V2TIMUserFullInfo();
                info.userID = user;
                for (JSONObject field : Json.objects(item, "ProfileItem")) {
                    read(info, Json.text(field, "Tag"), field.opt("Value"));
                }
                users.put(user, info);
            }
        }
        return users;
    }

    static void read(V2TIMUserFullInfo info, String tag, Object value) {
        String text = value == null ? "" : String.valueOf(value);
        if (tag.startsWith(CUSTOM)) {
            info.customInfo.put(tag.substring(CUSTOM.length()), Utf8.bytes(text));
        } else if (tag.equals(TAG + "Nick")) {
            info.nickName = text;
        } else if (tag.equals(TAG + "Image")) {
            info.faceUrl = text;
        } else if (tag.equals(TAG + "SelfSignature")) {
            info.selfSignature = text;
        } else if (tag.equals(TAG + "Gender")) {
            info.gender = place(GENDERS, text);
        } else if (tag.equals(TAG + "AllowType")) {
            info.allowType = place(ALLOWED, text);
        } else if (tag.equals(TAG + "BirthDay")) {
            info.birthday = number(text);
        } else if (tag.equals(TAG + "Role")) {
            info.role = (int) number(text);
        } else if (tag.equals(TAG + "Level")) {
            info.level = (int) number(text);
        }
    }

    private static int place(String[] words, String word) {
        for (int index = 0; index < words.length; index += 1) {
            if (words[index].equals(word)) {
                return index;
            }
        }
        return 0;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException noNumber) {
            return 0;
        }
    }

    // ---- changing

    /** What was set of it, as the wire has it. */
    static JSONArray write(V2TIMUserFullInfo info) throws Refusal {
        JSONArray fields = new JSONArray();
        put(fields, info, "NickName", "Nick", info.nickName);
        put(fields, info, "FaceUrl", "Image", info.faceUrl);
        put(fields, info, "SelfSignature", "SelfSignature", info.selfSignature);
        put(fields, info, "Gender", "Gender", word("gender", GENDERS, info.gender));
        put(fields, info, "AllowType", "AllowType", word("allow type", ALLOWED, info.allowType));
        put(fields, info, "Birthday", "BirthDay", info.birthday);
        put(fields, info, "Role", "Role", info.role);
        put(fields, info, "Level", "Level", info.level);
        if (info.changed.contains("CustomInfo") && info.customInfo != null) {
            for (Map.Entry<String, byte[]> field : info.customInfo.entrySet()) {
                String value = Utf8.text(field.getValue());
                if (value == null) {
                    throw Check.wrong("setSelfInfo: the custom field " + field.getKey(), "is no UTF-8");
                }
                fields.put(Json.object("Tag", CUSTOM + field.getKey(), "Value", value));
            }
        }
        if (fields.length() == 0) {
            throw Check.wrong("setSelfInfo: the profile", "has no field that was set");
        }
        return fields;
    }

    private static String word(String what, String[] words, int number) throws Refusal {
        if (number < 0 || number >= words.length) {
            throw Check.wrong("setSelfInfo: the " + what, number + " is none");
        }
        return words[number];
    }

    private static void put(JSONArray fields, V2TIMUserFullInfo info, String name, String tag, Object value) {
        if (info.changed.contains(name)) {
            fields.put(Json.object("Tag", TAG + tag, "Value", value == null ? "" : value));
        }
    }

    // ---- hearing

    /** Somebody's profile has changed, or the user's own on another device. */
    static void changed(Client client, Session session, JSONObject change) {
        String user = Json.text(change, "Profile_Account");
        final V2TIMUserFullInfo news = new V2TIMUserFullInfo();
        for (JSONObject field : Json.objects(change, "ProfileList")) {
            read(news, Json.text(field, "Tag"), field.has("ValueBytes") ? field.opt("ValueBytes") : field.opt("ValueNum"));
        }
        client.conversing.userChanged(user, news.nickName, news.faceUrl);
        if (user.equals(session.user)) {
            tellSelf(client, session);
        } else {
            client.all.friendships.profileChanged(client, user);
        }
    }

    /** Listeners get the whole profile, of which a push has a part. */
    static void tellSelf(final Client client, final Session session) {
        List<String> self = new ArrayList<String>();
        self.add(session.user);
        client.sessions.ask(request(session.user, self), new Quietly() {
            @Override
            public void done(JSONObject body) {
                final V2TIMUserFullInfo whole = read(body).get(session.user);
                if (whole != null) {
                    client.all.sdk.sdkListeners.tell(new Tell<V2TIMSDKListener>() {
                        @Override
                        void to(V2TIMSDKListener listener) {
                            listener.onSelfInfoUpdated(whole);
                        }
                    });
                }
            }
        });
    }
}
