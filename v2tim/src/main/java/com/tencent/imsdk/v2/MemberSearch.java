package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/**
 * Looks for members by what they are called.
 *
 * <p>The gateway has no search for it and the library keeps no members, so that all of them are read: of groups as large as
 * that is reasonable for.
 */
final class MemberSearch {
    private static final int MOST_GROUPS = 50;
    /** Of members; as many questions as a user may ask the gateway in a second. */
    private static final int MOST_PAGES = 50;

    private final Client client;
    private final String self;
    private final List<String> words;
    private final boolean ofIds;
    private final boolean ofNicks;
    private final boolean ofRemarks;
    private final boolean ofCards;
    private final Reply<HashMap<String, List<V2TIMGroupMemberFullInfo>>> reply;
    private final List<String> groups = new ArrayList<String>();
    private final Map<String, String> remarks = new HashMap<String, String>();
    private final HashMap<String, List<V2TIMGroupMemberFullInfo>> found = new HashMap<String, List<V2TIMGroupMemberFullInfo>>();
    private int pages;

    private MemberSearch(Client client, V2TIMGroupMemberSearchParam param, Reply<HashMap<String, List<V2TIMGroupMemberFullInfo>>> reply)
            throws Refusal {
        this.client = client;
        this.self = client.session("searchGroupMembers").user;
        this.words = Search.words("searchGroupMembers", param.keywordList);
        boolean any = !param.searchMemberUserID && !param.searchMemberNickName && !param.searchMemberRemark && !param.searchMemberNameCard;
        this.ofIds = any || param.searchMemberUserID;
        this.ofNicks = any || param.searchMemberNickName;
        this.ofRemarks = any || param.searchMemberRemark;
        this.ofCards = any || param.searchMemberNameCard;
        this.reply = reply;
    }

    /** In the groups that are named; in all of the user's when none is. */
    static void search(Managers all, V2TIMGroupMemberSearchParam param, Reply<HashMap<String, List<V2TIMGroupMemberFullInfo>>> reply) {
        try {
            Client client = all.loggedIn("searchGroupMembers");
            MemberSearch search = new MemberSearch(client, Check.given("searchGroupMembers: the parameters", param), reply);
            if (param.groupIDList == null || param.groupIDList.isEmpty()) {
                search.ofAllGroups();
            } else {
                search.groups.addAll(Check.list("searchGroupMembers: groupIDList", param.groupIDList, MOST_GROUPS));
                search.withRemarks();
            }
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private void ofAllGroups() {
        new JoinedGroups(client, self, reply) {
            @Override
            void read(List<V2TIMGroupInfo> joined) {
                for (V2TIMGroupInfo group : joined) {
                    groups.add(group.groupID);
                }
                withRemarks();
            }
        }.start();
    }

    /** A remark is the user's own word for a friend: the group does not know it. */
    private void withRemarks() {
        if (!ofRemarks) {
            page(0, 0);
            return;
        }
        new FriendList(client, self, reply) {
            @Override
            void read(List<V2TIMFriendInfo> friends) {
                for (V2TIMFriendInfo friend : friends) {
                    remarks.put(friend.userID, friend.friendRemark);
                }
                page(0, 0);
            }
        }.start();
    }

    private void page(final int group, final int offset) {
        if (group == groups.size()) {
            reply.succeed(found);
            return;
        }
        pages += 1;
        if (pages > MOST_PAGES) {
            reply.fail(Check.wrong("searchGroupMembers: the groups", "have more than " + MOST_PAGES * GroupMembers.MEMBERS_PAGE
                + " members, which are too many to read; name fewer or smaller ones in groupIDList"));
            return;
        }
        client.ask(GroupMembers.page(groups.get(group), offset, null), new Step(reply) {
            @Override
            void next(JSONObject body) throws Refusal {
                final List<V2TIMGroupMemberFullInfo> members = GroupMembers.members(Json.objects(body, "MemberList"));
                GroupMembers.named(client, members, new Step(reply) {
                    @Override
                    void next(JSONObject nothing) {
                        keep(groups.get(group), members);
                        if (members.size() < GroupMembers.MEMBERS_PAGE) {
                            page(group + 1, 0);
                        } else {
                            page(group, offset + members.size());
                        }
                    }
                });
            }
        });
    }

    private void keep(String groupID, List<V2TIMGroupMemberFullInfo> members) {
        for (V2TIMGroupMemberFullInfo member : members) {
            member.friendRemark = remarks.get(member.userID);
            if (ofIds && Search.hasAny(member.userID, words) || ofNicks && Search.hasAny(member.nickName, words)
                    || ofCards && Search.hasAny(member.nameCard, words) || ofRemarks && Search.hasAny(member.friendRemark, words)) {
                List<V2TIMGroupMemberFullInfo> matching = found.get(groupID);
                if (matching == null) {
                    matching = new ArrayList<V2TIMGroupMemberFullInfo>();
                    found.put(groupID, matching);
                }
                matching.add(member);
            }
        }
    }
}
