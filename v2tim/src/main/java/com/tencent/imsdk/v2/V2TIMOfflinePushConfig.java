package com.tencent.imsdk.v2;

import java.io.Serializable;

/** The token of a push service. It is a secret: {@code toString} leaves it out. */
public class V2TIMOfflinePushConfig implements Serializable {
    private static final long serialVersionUID = 1L;

    long businessID;
    String token;
    boolean isTPNSToken;

    public V2TIMOfflinePushConfig(long businessID, String token, boolean isTPNSToken) {
        this.businessID = businessID;
        this.token = token;
        this.isTPNSToken = isTPNSToken;
    }

    public V2TIMOfflinePushConfig(long businessID, String token) {
        this.businessID = businessID;
        this.token = token;
    }

    public long getBusinessID() {
        return businessID;
    }

    public void setBusinessID(long businessID) {
        this.businessID = businessID;
    }

    public String getToken() {
        return token;
    }

    public void setToken(String token) {
        this.token = token;
    }

    public boolean isTPNSToken() {
        return isTPNSToken;
    }

    public void setTPNSToken(boolean isTPNSToken) {
        this.isTPNSToken = isTPNSToken;
    }

    @Override
    public String toString() {
        return "V2TIMOfflinePushConfig{businessID=" + businessID + ", isTPNSToken=" + isTPNSToken + "}";
    }
}
