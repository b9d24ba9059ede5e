package timgate.line;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Random;
import timgate.wire.Head;

/** Where the gateway is. */
public final class Address {
    private final String base;

    private Address(String base) {
        this.base = base;
    }

    /** Fails with a line for people when the text is no address of a gateway. */
    public static Address parse(String text) {
        String base = text == null ? "" : text.trim();
        String mend = "; give one like wss://chat.example.org";
        URI uri;
        try {
            uri = new URI(base);
        } catch (URISyntaxException wrong) {
            throw new IllegalArgumentException("\"" + base + "\" is no address" + mend);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme();
        if (!scheme.equalsIgnoreCase("ws") && !scheme.equalsIgnoreCase("wss")) {
            throw new IllegalArgumentException("the address \"" + base + "\" does not begin with ws:// or wss://" + mend);
        }
        if (uri.getHost() == null || uri.getHost().isEmpty()) {
            throw new IllegalArgumentException("the address \"" + base + "\" names no host" + mend);
        }
        if (uri.getQuery() != null || uri.getFragment() != null) {
            throw new IllegalArgumentException("the address \"" + base + "\" has more than a host, a port and a path" + mend);
        }
        // The WebSocket library knows these two words in small letters only.
        String rest = base.substring(scheme.length());
        return new Address(scheme.toLowerCase(Locale.ROOT) + (rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest));
    }

    /** The address of one connection. `instance` is the same over reconnects: by it the gateway knows the device again. */
    public URI of(int sdkAppId, String instance, Random random) {
        return URI.create(base + "/binfo?sdkappid=" + sdkAppId + "&instanceid=" + instance + "&random=" + random.nextDouble()
            + "&platform=" + Head.PLATFORM + "&host=android&version=-1&sdkversion=v2tim");
    }

    @Override
    public String toString() {
        return base;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Address && base.equals(((Address) other).base);
    }

    @Override
    public int hashCode() {
        return base.hashCode();
    }
}
