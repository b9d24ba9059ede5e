package com.tencent.imsdk.v2;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;

/** A user's profile. */
public class V2TIMUserFullInfo extends V2TIMUserInfo {
    private static final long serialVersionUID = 1L;

    /** Everybody becomes a friend at once. */
    public static final int V2TIM_FRIEND_ALLOW_ANY = 0;

    /** The user decides. */
    public static final int V2TIM_FRIEND_NEED_CONFIRM = 1;

    /** Nobody becomes a friend. */
    public static final int V2TIM_FRIEND_DENY_ANY = 2;

    /** Not told. */
    public static final int V2TIM_GENDER_UNKNOWN = 0;

    /** Male. */
    public static final int V2TIM_GENDER_MALE = 1;

    /** Female. */
    public static final int V2TIM_GENDER_FEMALE = 2;

    String selfSignature;
    int gender;
    int role;
    int level;
    int allowType;
    long birthday;
    HashMap<String, byte[]> customInfo = new HashMap<String, byte[]>();
    /** The fields whose setters were called: a change tells the gateway these only. */
    final HashSet<String> changed = new HashSet<String>();

    public V2TIMUserFullInfo() {
    }

    /** Sets the name; the small n is the API's. */
    public void setNickname(String nickName) {
        this.nickName = nickName;
        changed.add("NickName");
    }

    @Override
    public void setNickName(String nickName) {
        this.nickName = nickName;
        changed.add("NickName");
    }

    @Override
    public void setFaceUrl(String faceUrl) {
        this.faceUrl = faceUrl;
        changed.add("FaceUrl");
    }

    public String getSelfSignature() {
        return selfSignature;
    }

    public void setSelfSignature(String selfSignature) {
        this.selfSignature = selfSignature;
        changed.add("SelfSignature");
    }

    public int getGender() {
        return gender;
    }

    public void setGender(int gender) {
        this.gender = gender;
        changed.add("Gender");
    }

    public int getRole() {
        return role;
    }

    public void setRole(int role) {
        this.role = role;
        changed.add("Role");
    }

    public int getLevel() {
        return level;
    }

    public void setLevel(int level) {
        this.level = level;
        changed.add("Level");
    }

    public int getAllowType() {
        return allowType;
    }

    public void setAllowType(int allowType) {
        this.allowType = allowType;
        changed.add("AllowType");
    }

    /** As a number such as 20010331. */
    public long getBirthday() {
        return birthday;
    }

    public void setBirthday(long birthday) {
        this.birthday = birthday;
        changed.add("Birthday");
    }

    public HashMap<String, byte[]> getCustomInfo() {
        return customInfo;
    }

    public void setCustomInfo(HashMap<String, byte[]> customInfo) {
        this.customInfo = customInfo;
        changed.add("CustomInfo");
    }

    /** The same for any map: a copy of it is kept. */
    public void setCustomInfo(Map<String, byte[]> customInfo) {
        setCustomInfo(customInfo == null ? null : new HashMap<String, byte[]>(customInfo));
    }

    @Override
    public String toString() {
        return "V2TIMUserFullInfo{}";
    }
}
