package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.List;

/** What friends are looked for. */
public class V2TIMFriendSearchParam implements Serializable {
    private static final long serialVersionUID = 1L;

    List<String> keywordList;
    boolean searchUserID;
    boolean searchNickName;
    boolean searchRemark;

    public V2TIMFriendSearchParam() {
    }

    public List<String> getKeywordList() {
        return keywordList;
    }

    public void setKeywordList(List<String> keywordList) {
        this.keywordList = keywordList;
    }

    public boolean isSearchUserID() {
        return searchUserID;
    }

    public void setSearchUserID(boolean searchUserID) {
        this.searchUserID = searchUserID;
    }

    public boolean isSearchNickName() {
        return searchNickName;
    }

    public void setSearchNickName(boolean searchNickName) {
        this.searchNickName = searchNickName;
    }

    public boolean isSearchRemark() {
        return searchRemark;
    }

    public void setSearchRemark(boolean searchRemark) {
        this.searchRemark = searchRemark;
    }

    @Override
    public String toString() {
        return "V2TIMFriendSearchParam{searchUserID=" + searchUserID
            + ", searchNickName=" + searchNickName
            + ", searchRemark=" + searchRemark + "}";
    }
}
