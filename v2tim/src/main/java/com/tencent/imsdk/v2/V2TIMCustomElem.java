package com.tencent.imsdk.v2;

/** Bytes that mean something to the app. */
public class V2TIMCustomElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    byte[] data;
    String description;
    byte[] extension;

    public V2TIMCustomElem() {
    }

    /** The wire carries text: bytes that are not UTF-8 are refused when they are sent. */
    public byte[] getData() {
        return data;
    }

    public void setData(byte[] data) {
        this.data = data;
    }

    /** Also the line that a push shows. */
    public String getDescription() {
        return description;
    }

    public void setDescription(String description) {
        this.description = description;
    }

    public byte[] getExtension() {
        return extension;
    }

    public void setExtension(byte[] extension) {
        this.extension = extension;
    }

    @Override
    public String toString() {
        return "V2TIMCustomElem{data=" + Shown.size(data) + ", extension=" + Shown.size(extension) + "}";
    }
}
