package com.tencent.imsdk.v2;

/**
 * What makes two copies of a message the same: {@code TinyId-clientTime-random}, the {@code ID} of the web SDKs as well.
 *
 * <p>All three are made by the sender and stay, whoever hands the message out.
 */
final class Identity {
    private Identity() {
    }

    static String of(String tinyId, long clientTime, long random) {
        return tinyId + '-' + clientTime + '-' + random;
    }

    /** The sender's time in an ID; 0 when it is none. */
    static long clientTime(String id) {
        String[] parts = id == null ? new String[0] : id.split("-");
        try {
            return parts.length == 3 ? Long.parseLong(parts[1]) : 0;
        } catch (NumberFormatException noTime) {
            return 0;
        }
    }

    /** How the gateway finds a message of two users. */
    static String key(V2TIMMessage message) {
        return message.seq + "_" + message.random + "_" + message.timestamp;
    }
}
