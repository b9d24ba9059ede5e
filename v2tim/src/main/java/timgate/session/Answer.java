package timgate.session;

import org.json.JSONObject;

/** What becomes of a request. One of the two is called, once, on the loop. */
public interface Answer {
    void done(JSONObject body);

    void refused(Refusal refusal);
}
