package com.tencent.imsdk.v2;

import android.content.Context;
import timgate.Gateway;
import timgate.Log;
import timgate.phone.Surroundings;
import timgate.line.Address;

/** Makes the library ready: the log, the address, the client. */
final class Setup {
    private Setup() {
    }

    /** False, with a line in the log, when there is no address of a gateway or no application. */
    static boolean start(Managers all, Context context, int sdkAppID, V2TIMSDKConfig config) {
        V2TIMSDKConfig chosen = config == null ? new V2TIMSDKConfig() : config;
        Log.to(new Lines(chosen.getLogLevel(), chosen.getLogListener()));
        if (sdkAppID <= 0) {
            Log.error("initSDK: " + sdkAppID + " is no SDKAppID; give the number that the gateway was set to");
            return false;
        }
        Address address;
        try {
            // The application's own context: an Activity's would keep it alive, and nothing here needs one.
            address = Gateway.find(context == null ? null : context.getApplicationContext());
        } catch (IllegalArgumentException missing) {
            Log.error("initSDK: " + missing.getMessage());
            return false;
        }
        all.start(sdkAppID, address);
        if (context != null) {
            Surroundings.watch(context.getApplicationContext(), WATCH);
        }
        return true;
    }

    private static final Surroundings.Observer WATCH = new Surroundings.Observer() {
        @Override
        public void inFront(boolean isInFront) {
            Client client = Managers.APP.client();
            if (client != null) {
                client.inFront(isInFront);
            }
        }

        @Override
        public void networkChanged() {
            Client client = Managers.APP.client();
            if (client != null) {
                client.networkChanged();
            }
        }
    };

    /** Gives lines to the app, on its thread, and to the console where it wants none by itself. */
    private static final class Lines implements Log.Sink {
        private final int level;
        private final V2TIMLogListener listener;

        Lines(int level, V2TIMLogListener listener) {
            this.level = level;
            this.listener = listener;
        }

        @Override
        public void line(final int level, final String text) {
            if (this.level == V2TIMSDKConfig.V2TIM_LOG_NONE || level < this.level) {
                return;
            }
            if (listener == null) {
                if (level >= V2TIMSDKConfig.V2TIM_LOG_WARN) {
                    System.err.println("timgate: " + text);
                }
                return;
            }
            Reply.callbacks().post(new Runnable() {
                @Override
                public void run() {
                    listener.onLog(level, text);
                }
            });
        }
    }
}
