package anubis.gate;

/** What a peer has to give besides its keys: a code, checked in one of these ways. */
public sealed interface SecondFactor permits SecondFactor.Program, Totp {
    /** By the program that the hub names in its configuration. */
    enum Program implements SecondFactor {
        PROGRAM;

        @Override
        public String text() {
            return "program";
        }
    }

    /** As {@link #parse} reads it, with its secret. */
    String text();

    /**
     * A second factor as text: {@code program}, or {@code totp:} and the secret in base32.
     *
     * @throws IllegalArgumentException if it is neither; the text is not repeated
     */
    static SecondFactor parse(String text) {
        if (text.equals(Program.PROGRAM.text())) {
            return Program.PROGRAM;
        }
        if (text.startsWith(Totp.PREFIX)) {
            return Totp.ofBase32(text.substring(Totp.PREFIX.length()));
        }
        throw new IllegalArgumentException("a second factor is \"program\" or \"totp:\" and a secret in base32");
    }
}
