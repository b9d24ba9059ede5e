package timgate.android;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.os.Looper;

import com.tencent.imsdk.BaseConstants;
import com.tencent.imsdk.v2.V2TIMManager;
import com.tencent.imsdk.v2.V2TIMValueCallback;

import java.util.ArrayList;
import java.util.List;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.annotation.Config;

/** On Android apps are called back on the main looper, where they touch their views without a thought. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class CallbacksTest {
    @Test
    public void anAnswerComesOnTheMainLooperAndAfterTheCallHasReturned() throws InterruptedException {
        List<Integer> codes = new ArrayList<>();
        List<Looper> loopers = new ArrayList<>();
        V2TIMValueCallback<Object> callback = new V2TIMValueCallback<Object>() {
            @Override
            public void onSuccess(Object value) {
                codes.add(BaseConstants.ERR_SUCC);
            }

            @Override
            public void onError(int code, String desc) {
                codes.add(code);
                loopers.add(Looper.myLooper());
            }
        };

        V2TIMManager.getInstance().callExperimentalAPI("of the main thread", null, callback);
        Thread other = new Thread(() ->
            V2TIMManager.getInstance().callExperimentalAPI("of another thread", null, callback));
        other.start();
        other.join();
        assertTrue("an answer before the call had returned", codes.isEmpty());

        shadowOf(Looper.getMainLooper()).idle();
        assertEquals(List.of(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT), codes);
        assertSame(Looper.getMainLooper(), loopers.get(0));
        assertSame(Looper.getMainLooper(), loopers.get(1));
    }
}
