package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;

/** Several messages passed on as one. */
public class V2TIMMergerElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String title;
    List<String> abstractList = new ArrayList<String>();
    boolean layersOverLimit;
    List<V2TIMMessage> messages;
    String compatibleText;
    String downloadKey;

    public V2TIMMergerElem() {
    }

    public String getTitle() {
        return title;
    }

    /** A line for each of the first messages, to show before the rest is opened. */
    public List<String> getAbstractList() {
        return abstractList;
    }

    /** Whether bundles lie in bundles deeper than the limit. */
    public boolean isLayersOverLimit() {
        return layersOverLimit;
    }

    /** Asks for the messages in the bundle. */
    public void downloadMergerMessage(V2TIMValueCallback<List<V2TIMMessage>> callback) {
        NotServed.MERGER_DOWNLOAD_MERGER_MESSAGE.answer(callback);
    }

    @Override
    public String toString() {
        return "V2TIMMergerElem{abstractList=" + Shown.size(abstractList)
            + ", layersOverLimit=" + layersOverLimit + "}";
    }
}
