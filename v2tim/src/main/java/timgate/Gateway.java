package timgate;

import android.content.Context;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageManager;
import timgate.line.Address;

/**
 * Where the gateway is: the one thing for which the API has no place.
 *
 * <p>Looked for, in this order, when `initSDK` is called: the system property `timgate.url`; what {@link #setUrl} was given;
 * `<meta-data android:name="timgate.url" android:value="wss://…"/>` in the manifest of the app.
 */
public final class Gateway {
    /** The name in the manifest and among the system properties. */
    public static final String NAME = "timgate.url";

    private static volatile String url;

    private Gateway() {}

    /** Names the gateway, as `wss://chat.example.org`; call it before `initSDK`. Null takes it back. */
    public static void setUrl(String url) {
        Gateway.url = url;
    }

    /** Fails with a line for people where there is no address, or it is none. `context` may be null. */
    public static Address find(Context context) {
        String found = System.getProperty(NAME);
        if (isEmpty(found)) {
            found = url;
        }
        if (isEmpty(found) && context != null) {
            found = ofManifest(context);
        }
        if (isEmpty(found)) {
            throw new IllegalArgumentException("no address of a gateway: set the system property " + NAME
                + ", call timgate.Gateway.setUrl, or put <meta-data android:name=\"" + NAME + "\" android:value=\"wss://…\"/>"
                + " into the manifest's <application>");
        }
        return Address.parse(found);
    }

    private static boolean isEmpty(String text) {
        return text == null || text.trim().isEmpty();
    }

    private static String ofManifest(Context context) {
        try {
            ApplicationInfo app = context.getPackageManager()
                .getApplicationInfo(context.getPackageName(), PackageManager.GET_META_DATA);
            return app.metaData == null ? null : app.metaData.getString(NAME);
        } catch (PackageManager.NameNotFoundException noManifest) {
            return null;
        }
    }
}
