package com.tencent.imsdk.v2;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The public API as {@code api.txt} lists it. */
final class Listing {
    /** A class or an interface with its members. */
    static final class Type {
        final String declaration;
        final String name;
        final String parent;
        final List<String> members = new ArrayList<>();

        private Type(String declaration) {
            this.declaration = declaration;
            Matcher parts = DECLARATION.matcher(declaration);
            if (!parts.matches()) {
                throw new IllegalArgumentException("api.txt: no declaration of a class: " + declaration);
            }
            this.name = parts.group(2);
            this.parent = parts.group(4);
        }

        boolean isInterface() {
            return declaration.startsWith("interface ");
        }

        boolean isAbstract() {
            return declaration.startsWith("abstract ");
        }

        boolean isGeneric() {
            return declaration.contains(name + "<T>");
        }

        /** The members of one sort, as {@code "callback"}. */
        List<Member> members(String sort) {
            List<Member> found = new ArrayList<>();
            for (String line : members) {
                if (line.startsWith(sort + " ")) {
                    found.add(new Member(line.substring(sort.length() + 1)));
                }
            }
            return found;
        }
    }

    /** A constant, a constructor or a method. */
    static final class Member {
        /** Of a method its result, of a constant its type, of a constructor "". */
        final String type;
        final String name;
        final List<String> parameters;

        private Member(String line) {
            Matcher parts = MEMBER.matcher(line);
            if (!parts.matches()) {
                throw new IllegalArgumentException("api.txt: no member: " + line);
            }
            this.type = parts.group(1) == null ? "" : parts.group(1).trim();
            this.name = parts.group(2) == null ? "" : parts.group(2);
            this.parameters = parts.group(3) == null ? new ArrayList<>() : split(parts.group(3));
        }

        /** Splits at the commas that are not inside of {@code <>}. */
        private static List<String> split(String types) {
            List<String> split = new ArrayList<>();
            int depth = 0;
            int start = 0;
            for (int i = 0; i < types.length(); i++) {
                char c = types.charAt(i);
                depth += c == '<' ? 1 : c == '>' ? -1 : 0;
                if (c == ',' && depth == 0) {
                    split.add(types.substring(start, i).trim());
                    start = i + 1;
                }
            }
            if (!types.trim().isEmpty()) {
                split.add(types.substring(start).trim());
            }
            return split;
        }
    }

    private static final Pattern DECLARATION = Pattern.compile(
        "((?:abstract )?class|interface) ([\\w.]+)(?:<T>)?( extends ([\\w.]+)(?:<T>)?)?( implements \\w+)?");
    private static final Pattern MEMBER = Pattern.compile("(.+? )?(\\w+)?(?: = .*|\\((.*)\\))");

    private final Map<String, Type> types = new LinkedHashMap<>();

    static Listing read() throws IOException {
        Listing listing = new Listing();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Listing.class.getResourceAsStream("/api.txt"), StandardCharsets.UTF_8))) {
            Type type = null;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("  ")) {
                    type.members.add(line.trim());
                } else if (!line.isEmpty() && !line.startsWith("#")) {
                    type = new Type(line);
                    listing.types.put(type.name, type);
                }
            }
        }
        return listing;
    }

    List<Type> types() {
        return new ArrayList<>(types.values());
    }

    Type type(String name) {
        return types.get(name);
    }
}
