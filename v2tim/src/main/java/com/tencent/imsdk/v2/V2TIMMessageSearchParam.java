package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.List;

/** What messages are looked for. */
public class V2TIMMessageSearchParam implements Serializable {
    private static final long serialVersionUID = 1L;

    /** One keyword is enough. */
    public static final int V2TIM_KEYWORD_LIST_MATCH_TYPE_OR = 0;

    /** Every keyword must be there. */
    public static final int V2TIM_KEYWORD_LIST_MATCH_TYPE_AND = 1;

    String conversationID;
    List<String> keywordList;
    int keywordListMatchType = V2TIM_KEYWORD_LIST_MATCH_TYPE_OR;
    List<String> senderUserIDList;
    List<Integer> messageTypeList;
    long searchTimePosition;
    long searchTimePeriod;
    int pageIndex;
    int pageSize;

    public V2TIMMessageSearchParam() {
    }

    public String getConversationID() {
        return conversationID;
    }

    public void setConversationID(String conversationID) {
        this.conversationID = conversationID;
    }

    public List<String> getKeywordList() {
        return keywordList;
    }

    public void setKeywordList(List<String> keywordList) {
        this.keywordList = keywordList;
    }

    public int getKeywordListMatchType() {
        return keywordListMatchType;
    }

    public void setKeywordListMatchType(int keywordListMatchType) {
        this.keywordListMatchType = keywordListMatchType;
    }

    public List<String> getSenderUserIDList() {
        return senderUserIDList;
    }

    public void setSenderUserIDList(List<String> senderUserIDList) {
        this.senderUserIDList = senderUserIDList;
    }

    public List<Integer> getMessageTypeList() {
        return messageTypeList;
    }

    public void setMessageTypeList(List<Integer> messageTypeList) {
        this.messageTypeList = messageTypeList;
    }

    /** Seconds. */
    public long getSearchTimePosition() {
        return searchTimePosition;
    }

    public void setSearchTimePosition(long searchTimePosition) {
        this.searchTimePosition = searchTimePosition;
    }

    /** Seconds. */
    public long getSearchTimePeriod() {
        return searchTimePeriod;
    }

    public void setSearchTimePeriod(long searchTimePeriod) {
        this.searchTimePeriod = searchTimePeriod;
    }

    public int getPageIndex() {
        return pageIndex;
    }

    public void setPageIndex(int pageIndex) {
        this.pageIndex = pageIndex;
    }

    public int getPageSize() {
        return pageSize;
    }

    public void setPageSize(int pageSize) {
        this.pageSize = pageSize;
    }

    @Override
    public String toString() {
        return "V2TIMMessageSearchParam{conversationID=" + conversationID
            + ", keywordListMatchType=" + keywordListMatchType
            + ", searchTimePosition=" + searchTimePosition
            + ", searchTimePeriod=" + searchTimePeriod
            + ", pageIndex=" + pageIndex
            + ", pageSize=" + pageSize
            + "}";
    }
}
