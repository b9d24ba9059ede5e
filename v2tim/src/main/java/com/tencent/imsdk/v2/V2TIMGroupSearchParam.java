package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.List;

/** What groups are looked for. */
public class V2TIMGroupSearchParam implements Serializable {
    private static final long serialVersionUID = 1L;

    List<String> keywordList;
    boolean searchGroupID;
    boolean searchGroupName;

    public V2TIMGroupSearchParam() {
    }

    public List<String> getKeywordList() {
        return keywordList;
    }

    public void setKeywordList(List<String> keywordList) {
        this.keywordList = keywordList;
    }

    public boolean isSearchGroupID() {
        return searchGroupID;
    }

    public void setSearchGroupID(boolean searchGroupID) {
        this.searchGroupID = searchGroupID;
    }

    public boolean isSearchGroupName() {
        return searchGroupName;
    }

    public void setSearchGroupName(boolean searchGroupName) {
        this.searchGroupName = searchGroupName;
    }

    @Override
    public String toString() {
        return "V2TIMGroupSearchParam{searchGroupID=" + searchGroupID
            + ", searchGroupName=" + searchGroupName + "}";
    }
}
