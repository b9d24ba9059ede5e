package timgate.wire;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * Reads and makes JSON without exceptions: what is absent, null or of another type counts as empty.
 *
 * A gateway of another version may say less or more than this library knows, and no listener is to be lost for that.
 */
public final class Json {
    private Json() {}

    /** An object of these names and values, in pairs; a null value leaves its name out. */
    public static JSONObject object(Object... pairs) {
        JSONObject object = new JSONObject();
        for (int index = 0; index < pairs.length; index += 2) {
            put(object, (String) pairs[index], pairs[index + 1]);
        }
        return object;
    }

    public static JSONArray list(Object... values) {
        JSONArray list = new JSONArray();
        for (Object value : values) {
            list.put(value);
        }
        return list;
    }

    public static JSONArray listOf(Collection<?> values) {
        JSONArray list = new JSONArray();
        for (Object value : values) {
            list.put(value);
        }
        return list;
    }

    public static JSONObject put(JSONObject object, String name, Object value) {
        try {
            return value == null ? object : object.put(name, value);
        } catch (JSONException notANumber) {
            throw new IllegalArgumentException(name + " is no number that JSON has", notANumber);
        }
    }

    /** The object that a text holds; null when it holds none. */
    public static JSONObject parse(String text) {
        try {
            return new JSONObject(text);
        } catch (JSONException notJson) {
            return null;
        } catch (StackOverflowError nestedTooDeep) {
            return null;
        }
    }

    /** The text of a member; numbers count as their digits. */
    public static String text(JSONObject object, String name) {
        return textOf(object == null ? null : object.opt(name));
    }

    private static String textOf(Object value) {
        return value instanceof String || value instanceof Number ? value.toString() : "";
    }

    public static long number(JSONObject object, String name) {
        return number(object, name, 0);
    }

    public static long number(JSONObject object, String name, long otherwise) {
        Object value = object == null ? null : object.opt(name);
        if (value instanceof Number) {
            return ((Number) value).longValue();
        }
        if (value instanceof String) {
            try {
                return Long.parseLong((String) value);
            } catch (NumberFormatException noNumber) {
                return otherwise;
            }
        }
        return otherwise;
    }

    public static int integer(JSONObject object, String name) {
        long number = number(object, name);
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, number));
    }

    public static double decimal(JSONObject object, String name) {
        Object value = object == null ? null : object.opt(name);
        return value instanceof Number ? ((Number) value).doubleValue() : 0;
    }

    public static boolean flag(JSONObject object, String name) {
        Object value = object == null ? null : object.opt(name);
        return Boolean.TRUE.equals(value) || number(object, name) == 1;
    }

    /** A member that is an object; an empty one when there is none. */
    public static JSONObject object(JSONObject object, String name) {
        JSONObject value = object == null ? null : object.optJSONObject(name);
        return value == null ? new JSONObject() : value;
    }

    /** The objects of a member that is a list; an object by itself counts as a list of one. */
    public static List<JSONObject> objects(JSONObject object, String name) {
        List<JSONObject> objects = new ArrayList<JSONObject>();
        Object value = object == null ? null : object.opt(name);
        if (value instanceof JSONObject) {
            objects.add((JSONObject) value);
        } else if (value instanceof JSONArray) {
            JSONArray list = (JSONArray) value;
            for (int index = 0; index < list.length(); index += 1) {
                JSONObject item = list.optJSONObject(index);
                if (item != null) {
                    objects.add(item);
                }
            }
        }
        return objects;
    }

    /** The texts of a member that is a list. */
    public static List<String> texts(JSONObject object, String name) {
        List<String> texts = new ArrayList<String>();
        JSONArray list = object == null ? null : object.optJSONArray(name);
        for (int index = 0; list != null && index < list.length(); index += 1) {
            String text = textOf(list.opt(index));
            if (!text.isEmpty()) {
                texts.add(text);
            }
        }
        return texts;
    }
}
