package timgate.session;

/** As apps see it, with the numbers they know. */
public enum Status {
    LOGGED_IN(1), LOGGING_IN(2), LOGGED_OUT(3);

    public final int number;

    Status(int number) {
        this.number = number;
    }
}
