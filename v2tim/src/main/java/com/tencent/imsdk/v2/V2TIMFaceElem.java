package com.tencent.imsdk.v2;

/** A sticker. */
public class V2TIMFaceElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    int index;
    byte[] data;

    public V2TIMFaceElem() {
    }

    public int getIndex() {
        return index;
    }

    public void setIndex(int index) {
        this.index = index;
    }

    public byte[] getData() {
        return data;
    }

    public void setData(byte[] data) {
        this.data = data;
    }

    @Override
    public String toString() {
        return "V2TIMFaceElem{index=" + index + ", data=" + Shown.size(data) + "}";
    }
}
