package timgate.android;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Application;
import android.content.Context;
import android.os.Bundle;
import android.os.Looper;

import com.tencent.imsdk.v2.V2TIMLogListener;
import com.tencent.imsdk.v2.V2TIMManager;
import com.tencent.imsdk.v2.V2TIMSDKConfig;

import java.util.ArrayList;
import java.util.List;

import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.annotation.Config;

import timgate.Gateway;

/** Where an app says which gateway it talks to. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class GatewayTest {
    private final Application application = RuntimeEnvironment.getApplication();

    /** As a `<meta-data>` of the application does. */
    static void putIntoManifest(Application application, String url) {
        Bundle data = new Bundle();
        data.putString(Gateway.NAME, url);
        shadowOf(application.getPackageManager()).getInternalMutablePackageInfo(application.getPackageName())
            .applicationInfo.metaData = data;
    }

    @After
    public void forget() {
        Gateway.setUrl(null);
        System.clearProperty(Gateway.NAME);
        V2TIMManager.getInstance().unInitSDK();
    }

    private String found() {
        Context context = application;
        return Gateway.find(context).toString();
    }

    @Test
    public void itIsFoundInTheManifest() {
        putIntoManifest(application, "wss://chat.example.org");
        assertEquals("wss://chat.example.org", found());
    }

    @Test
    public void aCallCountsMoreThanTheManifestAndAPropertyMoreThanBoth() {
        putIntoManifest(application, "wss://of.the.manifest");
        Gateway.setUrl("wss://of.the.call");
        assertEquals("wss://of.the.call", found());
        System.setProperty(Gateway.NAME, "ws://of.the.property");
        assertEquals("ws://of.the.property", found());
    }

    @Test
    public void anAppWithAnEntryIsSetUpAndOneWithoutIsToldWhatIsMissing() {
        List<String> lines = new ArrayList<>();
        V2TIMSDKConfig config = new V2TIMSDKConfig();
        config.setLogListener(new V2TIMLogListener() {
            @Override
            public void onLog(int level, String line) {
                lines.add(line);
            }
        });
        assertFalse(V2TIMManager.getInstance().initSDK(application, 1400000001, config));
        shadowOf(Looper.getMainLooper()).idle();
        assertTrue(lines.toString(), lines.toString().contains("<meta-data android:name=\"timgate.url\""));

        // Nobody listens there.
        putIntoManifest(application, "ws://127.0.0.1:9");
        assertTrue(V2TIMManager.getInstance().initSDK(application, 1400000001, config));
    }
}
