package timgate.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;

/** Texts of the wire as the bytes of the API. */
public final class Utf8 {
    private static final Charset UTF_8 = Charset.forName("UTF-8");

    private Utf8() {}

    public static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    /**
     * The text that bytes are, and null when they are none.
     *
     * The wire carries texts only. Bytes that are no UTF-8 would come out as others, so nothing is replaced here.
     */
    public static String text(byte[] bytes) {
        if (bytes == null) {
            return "";
        }
        try {
            return UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        } catch (CharacterCodingException notUtf8) {
            return null;
        }
    }

    /** Whether a text survives the way to bytes and back: half of a surrogate pair does not. */
    public static boolean isWhole(String text) {
        for (int index = 0; index < text.length(); index += 1) {
            char unit = text.charAt(index);
            if (Character.isHighSurrogate(unit)) {
                index += 1;
                if (index == text.length() || !Character.isLowSurrogate(text.charAt(index))) {
                    return false;
                }
            } else if (Character.isLowSurrogate(unit)) {
                return false;
            }
        }
        return true;
    }
}
