package com.tencent.imsdk.v2;

import java.io.Serializable;

/**
 * What a push service is told of a message. The gateway forwards it; whether anybody pushes is not this
 * library's to promise.
 */
public class V2TIMOfflinePushInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** No sound. */
    public static final String IOS_OFFLINE_PUSH_NO_SOUND = "push.no_sound";

    /** The device's own sound. */
    public static final String IOS_OFFLINE_PUSH_DEFAULT_SOUND = "default";

    String title;
    String desc;
    byte[] ext;
    boolean disablePush;
    String iosSound;
    boolean ignoreIOSBadge;
    String androidSound;
    String androidOPPOChannelID;
    int androidVIVOClassification = 1;

    public V2TIMOfflinePushInfo() {
    }

    public String getTitle() {
        return title;
    }

    public void setTitle(String title) {
        this.title = title;
    }

    public String getDesc() {
        return desc;
    }

    public void setDesc(String desc) {
        this.desc = desc;
    }

    public byte[] getExt() {
        return ext;
    }

    public void setExt(byte[] ext) {
        this.ext = ext;
    }

    public boolean isDisablePush() {
        return disablePush;
    }

    /** Whether the message is not to be pushed. */
    public void disablePush(boolean disablePush) {
        this.disablePush = disablePush;
    }

    public String getIOSSound() {
        return iosSound;
    }

    public void setIOSSound(String iosSound) {
        this.iosSound = iosSound;
    }

    public boolean isIgnoreIOSBadge() {
        return ignoreIOSBadge;
    }

    public void setIgnoreIOSBadge(boolean ignoreIOSBadge) {
        this.ignoreIOSBadge = ignoreIOSBadge;
    }

    public String getAndroidSound() {
        return androidSound;
    }

    public void setAndroidSound(String androidSound) {
        this.androidSound = androidSound;
    }

    public String getAndroidOPPOChannelID() {
        return androidOPPOChannelID;
    }

    public void setAndroidOPPOChannelID(String androidOPPOChannelID) {
        this.androidOPPOChannelID = androidOPPOChannelID;
    }

    public int getAndroidVIVOClassification() {
        return androidVIVOClassification;
    }

    public void setAndroidVIVOClassification(int androidVIVOClassification) {
        this.androidVIVOClassification = androidVIVOClassification;
    }

    @Override
    public String toString() {
        return "V2TIMOfflinePushInfo{ext=" + Shown.size(ext) + "}";
    }
}
