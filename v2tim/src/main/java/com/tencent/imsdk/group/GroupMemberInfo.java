package com.tencent.imsdk.group;

/** Here for UI code that imports it and does not use it; members are {@code V2TIMGroupMemberInfo}. */
public class GroupMemberInfo {
}
