package anubis.config;

/** Decimal numbers without a sign, of ASCII digits only, as strict in every format of this package. */
final class Decimals {
    private Decimals() {}

    /** The number, or -1 if {@code text} is not one between 0 and {@code max}. */
    static long parse(String text, long max) {
        if (text.isEmpty()) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || value > (max - digit) / 10) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    static int parse(String text, int max) {
        return (int) parse(text, (long) max);
    }
}
