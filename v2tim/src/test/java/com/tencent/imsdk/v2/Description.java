package com.tencent.imsdk.v2;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;

/** Says of a class file what {@code api.txt} says of a class, in the same words. */
final class Description {
    private final Class<?> described;

    Description(Class<?> described) {
        this.described = described;
    }

    String declaration() {
        StringBuilder text = new StringBuilder();
        if (described.isInterface()) {
            text.append("interface ");
        } else {
            text.append(Modifier.isAbstract(described.getModifiers()) ? "abstract class " : "class ");
        }
        text.append(shortened(described.getName()));
        if (described.getTypeParameters().length == 1) {
            text.append('<').append(described.getTypeParameters()[0].getName()).append('>');
        }
        Type[] interfaces = described.getGenericInterfaces();
        if (described.isInterface()) {
            text.append(interfaces.length == 0 ? "" : " extends " + shortened(interfaces[0]));
        } else {
            Class<?> parent = described.getSuperclass();
            text.append(parent == Object.class ? "" : " extends " + shortened(parent));
            text.append(interfaces.length == 0 ? "" : " implements " + shortened(interfaces[0]));
        }
        return text.toString();
    }

    List<String> members() throws IllegalAccessException {
        List<String> members = new ArrayList<>();
        for (Field field : described.getDeclaredFields()) {
            if (isOpen(field.getModifiers())) {
                members.add(constant(field));
            }
        }
        for (Constructor<?> constructor : described.getDeclaredConstructors()) {
            if (isOpen(constructor.getModifiers())) {
                members.add("constructor (" + shortened(constructor.getGenericParameterTypes()) + ")");
            }
        }
        for (Method method : described.getDeclaredMethods()) {
            if (isOpen(method.getModifiers()) && !method.isBridge() && !isInherited(method)) {
                members.add(method(method));
            }
        }
        return members;
    }

    private static String constant(Field field) throws IllegalAccessException {
        boolean constant = Modifier.isFinal(field.getModifiers()) && Modifier.isStatic(field.getModifiers());
        Object value = Modifier.isStatic(field.getModifiers()) ? field.get(null) : "not static";
        return (constant ? "constant " : "variable ") + shortened(field.getGenericType()) + " " + field.getName()
            + " = " + (value instanceof String ? "\"" + value + "\"" : value instanceof Long ? value + "L" : value);
    }

    private String method(Method method) {
        int modifiers = method.getModifiers();
        String name = described.getSimpleName();
        boolean overridden = name.endsWith("Callback") || name.endsWith("Listener");
        return (Modifier.isStatic(modifiers) ? "static " : "")
            + (Modifier.isFinal(modifiers) ? "final " : "")
            + (Modifier.isAbstract(modifiers) && !described.isInterface() ? "abstract " : "")
            + (overridden ? "callback " : "method ")
            + shortened(method.getGenericReturnType()) + " " + method.getName()
            + "(" + shortened(method.getGenericParameterTypes()) + ")";
    }

    /** What a parent class has is listed there. */
    private boolean isInherited(Method method) {
        for (Class<?> c = described.getSuperclass(); c != null; c = c.getSuperclass()) {
            try {
                c.getDeclaredMethod(method.getName(), method.getParameterTypes());
                return true;
            } catch (NoSuchMethodException notHere) {
                continue;
            }
        }
        return false;
    }

    private static boolean isOpen(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String shortened(Type[] types) {
        StringBuilder text = new StringBuilder();
        for (Type type : types) {
            text.append(text.length() == 0 ? "" : ", ").append(shortened(type));
        }
        return text.toString();
    }

    private static String shortened(Type type) {
        return shortened(type.getTypeName());
    }

    private static String shortened(String name) {
        return name.replaceAll("\\b(com\\.tencent\\.imsdk\\.v2|java\\.(lang|util|io)|android\\.content)\\.", "")
            .replace('$', '.').replaceAll(",(?! )", ", ");
    }
}
