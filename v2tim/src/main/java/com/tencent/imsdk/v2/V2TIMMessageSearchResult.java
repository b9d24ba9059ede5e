package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** What a search found. */
public class V2TIMMessageSearchResult implements Serializable {
    private static final long serialVersionUID = 1L;

    int totalCount;
    List<V2TIMMessageSearchResultItem> messageSearchResultItems =
        new ArrayList<V2TIMMessageSearchResultItem>();

    public V2TIMMessageSearchResult() {
    }

    public int getTotalCount() {
        return totalCount;
    }

    public List<V2TIMMessageSearchResultItem> getMessageSearchResultItems() {
        return messageSearchResultItems;
    }

    @Override
    public String toString() {
        return "V2TIMMessageSearchResult{totalCount=" + totalCount
            + ", messageSearchResultItems=" + Shown.size(messageSearchResultItems) + "}";
    }
}
