package com.tencent.imsdk.v2;

import timgate.Log;
import timgate.session.Answer;
import timgate.session.Refusal;

/** For what the library asks by itself: nobody waits for the answer, so a refusal is told to the log alone. */
abstract class Quietly implements Answer {
    @Override
    public void refused(Refusal refusal) {
        Log.info("not done: " + refusal.text);
    }
}
