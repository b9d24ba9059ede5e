package com.tencent.imsdk.v2;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** A method of the API that asks the library to do something. */
final class Call {
    /** Each class with calls, and an object of it. */
    private static final Object[] OWNERS = {
        Managers.APP.sdk, Managers.APP.messages, Managers.APP.groups, Managers.APP.conversations, Managers.APP.friendships,
        Managers.APP.signals, Managers.APP.offlinePush, new V2TIMImageElem.V2TIMImage(), new V2TIMSoundElem(),
        new V2TIMVideoElem(), new V2TIMFileElem(), new V2TIMMergerElem(),
    };

    final Object target;
    final Method method;

    private Call(Object target, Method method) {
        this.target = target;
        this.method = method;
    }

    /** All calls: every method of a manager, and those of other classes that have a callback. */
    static List<Call> all() {
        List<Call> calls = new ArrayList<>();
        for (Object owner : OWNERS) {
            List<Call> ofOwner = new ArrayList<>();
            for (Method method : api(owner).getDeclaredMethods()) {
                boolean open = Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers());
                Call call = new Call(owner, method);
                if (open && (Modifier.isAbstract(method.getModifiers()) || call.hasCallback())) {
                    ofOwner.add(call);
                }
            }
            ofOwner.sort(Comparator.comparing((Call call) -> call.method.getName())
                .thenComparing(call -> call.method.getParameterCount()));
            calls.addAll(ofOwner);
        }
        return calls;
    }

    Class<?> owner() {
        return api(target);
    }

    boolean hasCallback() {
        return callbackPosition() >= 0;
    }

    /** Where the callback stands among the parameters; below 0 when there is none. */
    int callbackPosition() {
        int last = method.getParameterCount() - 1;
        return last >= 0 && method.getParameterTypes()[last].getSimpleName().endsWith("Callback") ? last : -1;
    }

    /** Null when the call is served. */
    NotServed row() {
        for (NotServed row : NotServed.values()) {
            if (row.owner == owner() && row.method.equals(method.getName())
                    && row.parameters == method.getParameterCount()) {
                return row;
            }
        }
        return null;
    }

    @Override
    public String toString() {
        List<String> parameters = new ArrayList<>();
        for (Class<?> type : Arrays.asList(method.getParameterTypes())) {
            parameters.add(type.getSimpleName());
        }
        return method.getName() + "(" + String.join(", ", parameters) + ")";
    }

    private static Class<?> api(Object owner) {
        Class<?> type = owner.getClass();
        return Modifier.isPublic(type.getModifiers()) ? type : type.getSuperclass();
    }
}
