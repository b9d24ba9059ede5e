package com.tencent.imsdk.v2;

/** A place. A {@code toString} does not name it, since logs are no place for where somebody is. */
public class V2TIMLocationElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String desc;
    double longitude;
    double latitude;

    public V2TIMLocationElem() {
    }

    public String getDesc() {
        return desc;
    }

    public void setDesc(String desc) {
        this.desc = desc;
    }

    public double getLongitude() {
        return longitude;
    }

    public void setLongitude(double longitude) {
        this.longitude = longitude;
    }

    public double getLatitude() {
        return latitude;
    }

    public void setLatitude(double latitude) {
        this.latitude = latitude;
    }

    @Override
    public String toString() {
        return "V2TIMLocationElem{}";
    }
}
