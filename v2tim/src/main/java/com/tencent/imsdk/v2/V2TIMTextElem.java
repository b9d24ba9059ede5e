package com.tencent.imsdk.v2;

/** A text. */
public class V2TIMTextElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String text;

    public V2TIMTextElem() {
    }

    public String getText() {
        return text;
    }

    public void setText(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return "V2TIMTextElem{text=" + Shown.size(text) + "}";
    }
}
