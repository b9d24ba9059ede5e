package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Kotlin that uses the listed API as apps do. Whether it compiles decides whether they do, so it is compiled with
 * the tests and never run.
 */
final class KotlinSources {
    private static final String HEAD =
        "// Made from api.txt by KotlinSources; do not edit. It is compiled and not run.\n"
        + "@file:Suppress(\"unused\", \"UNUSED_PARAMETER\", \"DEPRECATION\")\n\n"
        + "package timgate.compiles\n\n";

    private final Listing listing;

    KotlinSources(Listing listing) {
        this.listing = listing;
    }

    /** The files by their names. */
    Map<String, String> files() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("Nullable.kt", overrides("Nullable", true));
        files.put("NonNull.kt", overrides("NonNull", false));
        files.put("Properties.kt", properties());
        files.put("Constants.kt", constants());
        return files;
    }

    /** Every callback overridden, with every type nullable or none. */
    private String overrides(String suffix, boolean nullable) {
        StringBuilder kotlin = new StringBuilder(HEAD + "import com.tencent.imsdk.v2.*\n");
        for (Listing.Type type : listing.types()) {
            List<Listing.Member> callbacks = callbacks(type);
            if (callbacks.isEmpty()) {
                continue;
            }
            kotlin.append("\nclass ").append(type.name).append(suffix).append(" : ").append(type.name)
                .append(type.isGeneric() ? "<V2TIMMessage>" : "").append(type.isInterface() ? "" : "()")
                .append(" {\n");
            for (Listing.Member callback : callbacks) {
                kotlin.append("    override fun ").append(callback.name).append("(");
                for (int i = 0; i < callback.parameters.size(); i++) {
                    kotlin.append(i == 0 ? "" : ", ").append("p").append(i).append(": ")
                        .append(kotlin(callback.parameters.get(i), nullable));
                }
                kotlin.append(") {\n    }\n");
            }
            kotlin.append("}\n");
        }
        return kotlin.toString();
    }

    private List<Listing.Member> callbacks(Listing.Type type) {
        List<Listing.Member> callbacks = new ArrayList<>();
        for (Listing.Type t = type; t != null; t = listing.type(t.parent)) {
            callbacks.addAll(t.members("callback"));
        }
        return callbacks;
    }

    /** Getters and setters in property syntax: a pair must be one property that can be assigned. */
    private String properties() {
        StringBuilder kotlin = new StringBuilder(HEAD + "import com.tencent.imsdk.v2.*\n\n"
            + "private fun use(vararg values: Any?) = values.size\n");
        for (Listing.Type type : listing.types()) {
            StringBuilder uses = new StringBuilder();
            List<Listing.Member> methods = new ArrayList<>();
            for (Listing.Type t = type; t != null; t = listing.type(t.parent)) {
                methods.addAll(t.members("method"));
                methods.addAll(t.members("abstract method"));
            }
            for (Listing.Member getter : methods) {
                String property = property(getter);
                if (property != null) {
                    uses.append(hasSetter(methods, getter)
                        ? "    it." + property + " = it." + property + "\n"
                        : "    use(it." + property + ")\n");
                }
            }
            if (uses.length() > 0) {
                kotlin.append("\nfun properties(it: ").append(type.name).append(") {\n").append(uses).append("}\n");
            }
            if (!type.isAbstract() && type.members.contains("constructor ()")) {
                kotlin.append("\nfun make").append(type.name.replace(".", "")).append("() = ").append(type.name)
                    .append("()\n");
            }
        }
        return kotlin.toString();
    }

    private static boolean hasSetter(List<Listing.Member> methods, Listing.Member getter) {
        String setter = "set" + getter.name.replaceFirst("^(get|is)", "");
        for (Listing.Member method : methods) {
            if (method.name.equals(setter) && method.parameters.size() == 1
                    && method.parameters.get(0).equals(getter.type)) {
                return true;
            }
        }
        return false;
    }

    /** The property that Kotlin sees in a getter; null for other methods. */
    private static String property(Listing.Member method) {
        if (!method.parameters.isEmpty() || method.type.equals("void")) {
            return null;
        }
        if (method.name.matches("is[A-Z].*") && method.type.equals("boolean")) {
            return method.name;
        }
        return method.name.matches("get[A-Z].*") ? decapitalized(method.name.substring(3)) : null;
    }

    /** Of a leading run of capitals all become small but the one that begins the next word. */
    private static String decapitalized(String name) {
        int capitals = 0;
        while (capitals < name.length() && Character.isUpperCase(name.charAt(capitals))) {
            capitals++;
        }
        int small = capitals == name.length() || capitals == 1 ? capitals : capitals - 1;
        return name.substring(0, small).toLowerCase() + name.substring(small);
    }

    /** Only what the compiler knows the value of may be a {@code const}: apps use these numbers in {@code when}. */
    private String constants() {
        StringBuilder kotlin = new StringBuilder(HEAD + "import com.tencent.imsdk.v2.*\n\n");
        int number = 0;
        for (Listing.Type type : listing.types()) {
            for (Listing.Member constant : type.members("constant")) {
                kotlin.append("const val c").append(number++).append(": ").append(kotlin(constant.type, false))
                    .append(" = ").append(type.name).append('.').append(constant.name).append('\n');
            }
        }
        return kotlin.toString();
    }

    private static String kotlin(String java, boolean nullable) {
        String mark = nullable ? "?" : "";
        switch (java) {
            case "int":
                return "Int";
            case "long":
                return "Long";
            case "boolean":
                return "Boolean";
            case "double":
                return "Double";
            case "byte[]":
                return "ByteArray" + mark;
            case "Object":
                return "Any" + mark;
            case "T":
                return "V2TIMMessage" + mark;
            default:
                break;
        }
        int open = java.indexOf('<');
        if (open < 0) {
            return java + mark;
        }
        // A list is read-only in one of the two and may be changed in the other: both occur in apps.
        StringBuilder arguments = new StringBuilder();
        for (String argument : java.substring(open + 1, java.length() - 1).split(", ")) {
            arguments.append(arguments.length() == 0 ? "" : ", ").append(kotlin(argument, nullable));
        }
        return (nullable ? "Mutable" : "") + java.substring(0, open) + "<" + arguments + ">" + mark;
    }
}
