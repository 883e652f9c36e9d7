package anubis.linux;

/** An address family; {@code asm-generic} numbers from {@code linux/socket.h}. */
public enum Family {
    IPV4(2, 4),
    IPV6(10, 16);

    private final int number;
    private final int addressLength;

    Family(int number, int addressLength) {
        this.number = number;
        this.addressLength = addressLength;
    }

    /** AF_INET or AF_INET6. */
    int number() {
        return number;
    }

    /** Of an address, in bytes: 4 or 16. */
    int addressLength() {
        return addressLength;
    }

    static Family ofLength(int addressLength) {
        return switch (addressLength) {
            case 4 -> IPV4;
            case 16 -> IPV6;
            default -> throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + addressLength);
        };
    }
}
