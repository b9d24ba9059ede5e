package timgate.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.Random;

import org.junit.jupiter.api.Test;

class AddressTest {
    @Test
    void anAddressIsTakenAsPeopleWriteIt() {
        assertEquals("ws://chat.example.org", Address.parse(" ws://chat.example.org/ ").toString());
        assertEquals("wss://chat.example.org:8443/im", Address.parse("WSS://chat.example.org:8443/im").toString());
        assertEquals("ws://[::1]:80", Address.parse("ws://[::1]:80").toString());
    }

    @Test
    void oneThatIsNoneSaysWhatToDo() {
        for (String wrong : new String[] {null, "", " ", "chat.example.org", "http://chat.example.org", "ws://", "ws:///x", "ws://a b",
            "ws://a?b=c", "ws://a#b"}) {
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> Address.parse(wrong), wrong);
            assertTrue(error.getMessage().contains("wss://chat.example.org"), error.getMessage());
        }
    }

    @Test
    void theConnectionSaysWhatItIs() {
        URI uri = Address.parse("ws://host:1/prefix").of(1400000001, "abc", new Random(1));
        assertEquals("/prefix/binfo", uri.getPath());
        assertTrue(uri.getQuery().startsWith("sdkappid=1400000001&instanceid=abc&random=0."), uri.getQuery());
        assertTrue(uri.getQuery().contains("&platform=2&"), uri.getQuery());
    }
}
