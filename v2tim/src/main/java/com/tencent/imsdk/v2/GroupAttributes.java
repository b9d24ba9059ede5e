package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Log;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/**
 * Attributes of groups, and what is known of them. All of it on the loop.
 *
 * <p>Each write of a group has the next number. Who writes says the last that they know, and is refused where others have
 * written since; who is told of the next one applies it, and reads all of them where one is missing.
 */
final class GroupAttributes {
    private static final int SET = 1;
    private static final int MODIFIED = 2;
    private static final int CLEARED = 3;
    private static final int DELETED = 4;
    /** Groups that are remembered; one that is forgotten is read before it is written. */
    private static final int MOST_GROUPS = 500;

    private final Client client;
    private final Map<String, Known> groups = new LinkedHashMap<String, Known>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST_GROUPS;
        }
    };

    /** What is known of a group. */
    private static final class Known {
        long main;
        Map<String, String> values = new HashMap<String, String>();
        /** The last number that was told. */
        long told;
        boolean isRead;
    }

    GroupAttributes(Client client) {
        this.client = client;
    }

    void clear() {
        groups.clear();
    }

    /** {@code attributes} in the place of all. */
    void init(String groupID, Map<String, String> attributes, Reply<Void> reply) {
        write("initGroupAttributes", "set_group_attr", SET, groupID, items(attributes), reply);
    }

    void set(String groupID, Map<String, String> attributes, Reply<Void> reply) {
        write("setGroupAttributes", "modify_group_attr", MODIFIED, groupID, items(attributes), reply);
    }

    /** Null is all of them. */
    void delete(String groupID, List<String> keys, Reply<Void> reply) {
        if (keys == null) {
            write("deleteGroupAttributes", "clear_group_attr", CLEARED, groupID, new ArrayList<JSONObject>(), reply);
            return;
        }
        List<JSONObject> items = new ArrayList<JSONObject>();
        for (String key : keys) {
            items.add(Json.object("key", key));
        }
        write("deleteGroupAttributes", "delete_group_attr", DELETED, groupID, items, reply);
    }

    private static List<JSONObject> items(Map<String, String> attributes) {
        List<JSONObject> items = new ArrayList<JSONObject>();
        for (Map.Entry<String, String> attribute : attributes.entrySet()) {
            items.add(Json.object("key", attribute.getKey(), "value", attribute.getValue() == null ? "" : attribute.getValue()));
        }
        return items;
    }

    private void write(final String call, final String command, final int change, final String groupID,
            final List<JSONObject> items, final Reply<Void> reply) {
        client.run(new Client.Work(reply) {
            @Override
            void work() throws Refusal {
                client.session(call);
                JSONObject asked = Json.object("GroupId", groupID, "AttrMainSeq", known(groupID).main,
                    "AttrControl", Json.list("RaceConflict"));
                if (change != CLEARED) {
                    Json.put(asked, "GroupAttr", new JSONArray(items));
                }
                client.sessions.ask(Request.with(GroupWire.command(groupID, command), asked), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        written(groupID, Json.number(body, "AttrMainSeq"), change, items);
                        return null;
                    }
                });
            }
        });
    }

    /** Null is all keys. */
    void get(final String groupID, final List<String> keys, final Reply<Map<String, String>> reply) {
        client.ask(question(groupID), new Ask<Map<String, String>>(reply) {
            @Override
            Map<String, String> value(JSONObject body) {
                Map<String, String> all = read(groupID, body);
                if (keys != null) {
                    all.keySet().retainAll(keys);
                }
                return all;
            }
        });
    }

    /** All members are told of a write. */
    void changed(String groupID, JSONObject option) {
        long main = Json.number(option, "GroupAttrSeq");
        if (Json.flag(option, "PushChangedAttrValFlag")) {
            written(groupID, main, Json.integer(option, "OpType"), Json.objects(option, "GroupAttrInfo"));
        } else if (main > known(groupID).main) {
            readAnew(groupID, main);
        }
    }

    private void written(String groupID, long main, int change, List<JSONObject> items) {
        Known known = known(groupID);
        if (main <= known.main) {
            // Both the answer and what all are told say it.
            return;
        }
        if (main > known.main + 1) {
            readAnew(groupID, main);
            return;
        }
        known.main = main;
        if (change == SET || change == CLEARED) {
            known.values.clear();
        }
        for (JSONObject item : items) {
            if (change == SET || change == MODIFIED) {
                known.values.put(Json.text(item, "key"), Json.text(item, "value"));
            } else {
                known.values.remove(Json.text(item, "key"));
            }
        }
        tell(groupID, known);
    }

    /** Reads all of them, since a write was told and one before it was not. */
    private void readAnew(final String groupID, long main) {
        final Known known = known(groupID);
        known.told = Math.max(known.told, main);
        if (known.isRead) {
            return;
        }
        known.isRead = true;
        client.sessions.ask(question(groupID), new Answer() {
            @Override
            public void done(JSONObject body) {
                known.isRead = false;
                long before = known(groupID).main;
                read(groupID, body);
                if (known(groupID).main > before) {
                    tell(groupID, known(groupID));
                }
                if (known(groupID).main < known.told) {
                    readAnew(groupID, known.told);
                }
            }

            @Override
            public void refused(Refusal refusal) {
                known.isRead = false;
                // Whoever asks for them is told why.
                Log.debug("attributes of a group were not read: " + refusal.text);
            }
        });
    }

    private static Request question(String groupID) {
        return Request.of("group_open_attr_http_svc.get_group_attr", "GroupId", groupID, "GroupType", 0);
    }

    private Map<String, String> read(String groupID, JSONObject body) {
        Map<String, String> values = new HashMap<String, String>();
        for (JSONObject item : Json.objects(body, "GroupAttrAry")) {
            values.put(Json.text(item, "key"), Json.text(item, "value"));
        }
        Known known = known(groupID);
        long main = Json.number(body, "AttrMainSeq");
        if (main >= known.main) {
            known.main = main;
            known.values = new HashMap<String, String>(values);
        }
        return values;
    }

    private Known known(String groupID) {
        Known known = groups.get(groupID);
        if (known == null) {
            known = new Known();
            groups.put(groupID, known);
        }
        return known;
    }

    private void tell(final String groupID, Known known) {
        final Map<String, String> all = new HashMap<String, String>(known.values);
        client.all.sdk.groupListeners.tell(new Tell<V2TIMGroupListener>() {
            @Override
            void to(V2TIMGroupListener listener) {
                listener.onGroupAttributeChanged(groupID, all);
            }
        });
    }
}
