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
    String androidFCMChannelID;
    String androidHuaWeiCategory;
    String androidVIVOCategory;
    String androidHonorImportance;
    int androidMeizuNotifyType;
    String iosInterruptionLevel;
    String vendorParams;
    boolean iosBackgroundNotification;

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

    public String getAndroidFCMChannelID() {
        return androidFCMChannelID;
    }

    public void setAndroidFCMChannelID(String androidFCMChannelID) {
        this.androidFCMChannelID = androidFCMChannelID;
    }

    public String getAndroidHuaWeiCategory() {
        return androidHuaWeiCategory;
    }

    public void setAndroidHuaWeiCategory(String androidHuaWeiCategory) {
        this.androidHuaWeiCategory = androidHuaWeiCategory;
    }

    public String getAndroidVIVOCategory() {
        return androidVIVOCategory;
    }

    public void setAndroidVIVOCategory(String androidVIVOCategory) {
        this.androidVIVOCategory = androidVIVOCategory;
    }

    public String getAndroidHonorImportance() {
        return androidHonorImportance;
    }

    public void setAndroidHonorImportance(String androidHonorImportance) {
        this.androidHonorImportance = androidHonorImportance;
    }

    public int getAndroidMeizuNotifyType() {
        return androidMeizuNotifyType;
    }

    public void setAndroidMeizuNotifyType(int androidMeizuNotifyType) {
        this.androidMeizuNotifyType = androidMeizuNotifyType;
    }

    public String getIOSInterruptionLevel() {
        return iosInterruptionLevel;
    }

    public void setIOSInterruptionLevel(String iosInterruptionLevel) {
        this.iosInterruptionLevel = iosInterruptionLevel;
    }

    public String getVendorParams() {
        return vendorParams;
    }

    public void setVendorParams(String vendorParams) {
        this.vendorParams = vendorParams;
    }

    public boolean isIOSBackgroundNotification() {
        return iosBackgroundNotification;
    }

    public void enableIOSBackgroundNotification(boolean iosBackgroundNotification) {
        this.iosBackgroundNotification = iosBackgroundNotification;
    }

    @Override
    public String toString() {
        return "V2TIMOfflinePushInfo{ext=" + Shown.size(ext) + "}";
    }
}
