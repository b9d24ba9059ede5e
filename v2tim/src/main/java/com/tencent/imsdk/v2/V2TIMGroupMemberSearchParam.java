package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.List;

/** What members are looked for. */
public class V2TIMGroupMemberSearchParam implements Serializable {
    private static final long serialVersionUID = 1L;

    List<String> groupIDList;
    List<String> keywordList;
    boolean searchMemberUserID;
    boolean searchMemberNickName;
    boolean searchMemberRemark;
    boolean searchMemberNameCard;

    public V2TIMGroupMemberSearchParam() {
    }

    public List<String> getGroupIDList() {
        return groupIDList;
    }

    public void setGroupIDList(List<String> groupIDList) {
        this.groupIDList = groupIDList;
    }

    public List<String> getKeywordList() {
        return keywordList;
    }

    public void setKeywordList(List<String> keywordList) {
        this.keywordList = keywordList;
    }

    public boolean isSearchMemberUserID() {
        return searchMemberUserID;
    }

    public void setSearchMemberUserID(boolean searchMemberUserID) {
        this.searchMemberUserID = searchMemberUserID;
    }

    public boolean isSearchMemberNickName() {
        return searchMemberNickName;
    }

    public void setSearchMemberNickName(boolean searchMemberNickName) {
        this.searchMemberNickName = searchMemberNickName;
    }

    public boolean isSearchMemberRemark() {
        return searchMemberRemark;
    }

    public void setSearchMemberRemark(boolean searchMemberRemark) {
        this.searchMemberRemark = searchMemberRemark;
    }

    public boolean isSearchMemberNameCard() {
        return searchMemberNameCard;
    }

    public void setSearchMemberNameCard(boolean searchMemberNameCard) {
        this.searchMemberNameCard = searchMemberNameCard;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberSearchParam{searchMemberUserID=" + searchMemberUserID
            + ", searchMemberNickName=" + searchMemberNickName
            + ", searchMemberRemark=" + searchMemberRemark
            + ", searchMemberNameCard=" + searchMemberNameCard
            + "}";
    }
}
