package timgate.android;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;

import android.content.Intent;
import android.os.Parcel;

import com.tencent.imsdk.v2.V2TIMManager;
import com.tencent.imsdk.v2.V2TIMMessage;

import java.nio.charset.StandardCharsets;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.annotation.Config;

/** Apps hand messages from screen to screen in Intents, which may come back in another process. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class IntentsTest {
    @Test
    public void aMessageTravelsInAnIntent() {
        byte[] data = "{\"text\":\"你好\"}".getBytes(StandardCharsets.UTF_8);
        V2TIMMessage sent = V2TIMManager.getMessageManager().createCustomMessage(data, "line", null);
        sent.setCloudCustomData("cloud");
        sent.setLocalCustomInt(7);

        V2TIMMessage read = afterAProcess(new Intent().putExtra("message", sent))
            .getSerializableExtra("message", V2TIMMessage.class);

        assertNotSame(sent, read);
        assertEquals(V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM, read.getElemType());
        assertArrayEquals(data, read.getCustomElem().getData());
        assertEquals("line", read.getCustomElem().getDescription());
        assertEquals("cloud", read.getCloudCustomData());
        assertEquals(7, read.getLocalCustomInt());
    }

    /** As bytes and back, which is what Android does between processes. */
    private static Intent afterAProcess(Intent intent) {
        Parcel out = Parcel.obtain();
        intent.writeToParcel(out, 0);
        byte[] bytes = out.marshall();
        out.recycle();
        Parcel in = Parcel.obtain();
        in.unmarshall(bytes, 0, bytes.length);
        in.setDataPosition(0);
        Intent read = Intent.CREATOR.createFromParcel(in);
        in.recycle();
        read.setExtrasClassLoader(IntentsTest.class.getClassLoader());
        return read;
    }
}
