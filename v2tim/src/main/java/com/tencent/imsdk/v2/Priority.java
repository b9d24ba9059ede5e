package com.tencent.imsdk.v2;

/** How much a message of a group matters, in the words of the wire and the numbers of the API. */
final class Priority {
    private static final String[] WORDS = {"Normal", "High", "Normal", "Low"};
    /** The wire's numbers have one more below low. */
    private static final int LOWEST = 4;

    private Priority() {
    }

    static String word(int priority) {
        return priority < 0 || priority >= WORDS.length ? WORDS[0] : WORDS[priority];
    }

    static int ofWire(Object value) {
        if (value instanceof Number) {
            int number = ((Number) value).intValue();
            return number == LOWEST ? V2TIMMessage.V2TIM_PRIORITY_LOW
                : number >= V2TIMMessage.V2TIM_PRIORITY_HIGH && number < LOWEST ? number : V2TIMMessage.V2TIM_PRIORITY_NORMAL;
        }
        if ("High".equals(value)) {
            return V2TIMMessage.V2TIM_PRIORITY_HIGH;
        }
        return "Low".equals(value) || "Lowest".equals(value)
            ? V2TIMMessage.V2TIM_PRIORITY_LOW : V2TIMMessage.V2TIM_PRIORITY_NORMAL;
    }
}
