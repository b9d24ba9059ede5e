package timgate.live;

import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.Application;
import android.os.Bundle;
import android.os.Looper;
import android.os.Parcel;

import com.tencent.imsdk.v2.V2TIMAdvancedMsgListener;
import com.tencent.imsdk.v2.V2TIMCallback;
import com.tencent.imsdk.v2.V2TIMManager;
import com.tencent.imsdk.v2.V2TIMMessage;
import com.tencent.imsdk.v2.V2TIMSDKConfig;
import com.tencent.imsdk.v2.V2TIMSDKListener;
import com.tencent.imsdk.v2.V2TIMSendCallback;
import com.tencent.imsdk.v2.V2TIMValueCallback;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.Robolectric;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.annotation.Config;

import timgate.Gateway;

/**
 * An app on Android's own framework that talks to a real gateway, driven by lines: a test at heart only because that is how
 * the framework is started on a JVM. Its process is ended from outside, and started again with what it had saved.
 */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class AndroidApp {
    private static final Path STATE = Paths.get(System.getProperty("live.state"));
    private static final String GROUP = System.getProperty("live.group");

    /** The chat's screen. What it shows goes to the standard output. */
    public static final class Chat extends Activity {
        /** The last message it has shown: it goes with the screen's state. */
        V2TIMMessage last;

        @Override
        protected void onCreate(Bundle state) {
            super.onCreate(state);
            if (state != null) {
                last = state.getSerializable("last", V2TIMMessage.class);
                show("restored " + last.getTextElem().getText());
            }
            V2TIMManager.getMessageManager().addAdvancedMsgListener(new V2TIMAdvancedMsgListener() {
                @Override
                public void onRecvNewMessage(V2TIMMessage message) {
                    if (message.getTextElem() != null) {
                        show("< " + message.getTextElem().getText());
                    }
                }
            });
            boolean isSet = V2TIMManager.getInstance().initSDK(this, Integer.getInteger("live.app"), new V2TIMSDKConfig(),
                new V2TIMSDKListener() {
                    @Override
                    public void onConnectSuccess() {
                        show("connected");
                    }
                });
            show("set up: " + isSet);
            V2TIMManager.getInstance().login(System.getProperty("live.user"), System.getProperty("live.sig"), then("logged in", () ->
                V2TIMManager.getInstance().joinGroup(GROUP, "", then("joined", () -> { }))));
        }

        @Override
        protected void onSaveInstanceState(Bundle state) {
            super.onSaveInstanceState(state);
            state.putSerializable("last", last);
        }

        void say(String text) {
            V2TIMManager.getMessageManager().sendMessage(V2TIMManager.getMessageManager().createTextMessage(text), "", GROUP, 1, false,
                null, new V2TIMSendCallback<V2TIMMessage>() {
                    @Override
                    public void onSuccess(V2TIMMessage message) {
                        last = message;
                        show("> " + message.getMsgID() + ' ' + text);
                    }

                    @Override
                    public void onError(int code, String desc) {
                        show("error " + code + ' ' + desc);
                    }

                    @Override
                    public void onProgress(int progress) {
                    }
                });
        }

        void older(V2TIMMessage from) {
            V2TIMManager.getMessageManager().getGroupHistoryMessageList(GROUP, 10, from, new V2TIMValueCallback<List<V2TIMMessage>>() {
                @Override
                public void onSuccess(List<V2TIMMessage> messages) {
                    List<String> texts = new ArrayList<>();
                    for (V2TIMMessage message : messages) {
                        if (message.getTextElem() != null) {
                            texts.add(message.getTextElem().getText());
                        }
                    }
                    show("history " + String.join("|", texts));
                }

                @Override
                public void onError(int code, String desc) {
                    show("error " + code + ' ' + desc);
                }
            });
        }

        private static V2TIMCallback then(String what, Runnable next) {
            return new V2TIMCallback() {
                @Override
                public void onSuccess() {
                    show(what);
                    next.run();
                }

                @Override
                public void onError(int code, String desc) {
                    show(what + ": error " + code + ' ' + desc);
                }
            };
        }
    }

    private static void show(String line) {
        System.out.println((Looper.myLooper() == Looper.getMainLooper() ? "" : "off the main thread: ") + line);
    }

    @Test
    public void run() throws Exception {
        Application application = RuntimeEnvironment.getApplication();
        Bundle manifest = new Bundle();
        manifest.putString(Gateway.NAME, System.getProperty("live.url"));
        shadowOf(application.getPackageManager()).getInternalMutablePackageInfo(application.getPackageName())
            .applicationInfo.metaData = manifest;

        ActivityController<Chat> screen = Robolectric.buildActivity(Chat.class);
        screen.create(Files.exists(STATE) ? restored() : null).start().resume();
        LinkedBlockingQueue<String> lines = commands();
        while (true) {
            String line = lines.poll(10, TimeUnit.MILLISECONDS);
            if (line != null) {
                obey(screen, line);
            }
            // This thread is the main one, and its looper turns when it is told to.
            shadowOf(Looper.getMainLooper()).idle();
        }
    }

    private static void obey(ActivityController<Chat> screen, String line) throws Exception {
        Chat chat = screen.get();
        String word = line.split(" ", 2)[0];
        switch (word) {
            case "say":
                chat.say(line.substring(word.length() + 1));
                break;
            case "older":
                chat.older(chat.last);
                break;
            case "newest":
                chat.older(null);
                break;
            case "recall":
                V2TIMManager.getMessageManager().revokeMessage(chat.last, Chat.then("recalled", () -> { }));
                break;
            case "back":
                // As Android does with an app that it may end without a word.
                Bundle state = new Bundle();
                screen.pause().stop().saveInstanceState(state);
                save(state);
                show("in the back");
                break;
            case "front":
                screen.restart().start().resume();
                show("in front");
                break;
            default:
                throw new IllegalArgumentException(line);
        }
    }

    private static LinkedBlockingQueue<String> commands() {
        LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> {
            try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    lines.add(line);
                }
            } catch (Exception gone) {
                System.err.println(gone);
            }
            System.exit(0);
        });
        reader.setDaemon(true);
        reader.start();
        return lines;
    }

    // ---- the state of a screen goes to the system as bytes, and comes back in another process

    private static void save(Bundle state) throws Exception {
        Parcel parcel = Parcel.obtain();
        state.writeToParcel(parcel, 0);
        Files.write(STATE, parcel.marshall());
        parcel.recycle();
    }

    private static Bundle restored() throws Exception {
        byte[] bytes = Files.readAllBytes(STATE);
        Parcel parcel = Parcel.obtain();
        parcel.unmarshall(bytes, 0, bytes.length);
        parcel.setDataPosition(0);
        Bundle state = Bundle.CREATOR.createFromParcel(parcel);
        state.setClassLoader(AndroidApp.class.getClassLoader());
        parcel.recycle();
        return state;
    }
}
