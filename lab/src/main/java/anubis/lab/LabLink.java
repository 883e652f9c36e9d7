package anubis.lab;

/**
 * A cable (a veth pair) between two hosts of the lab.
 *
 * @param left the end in the host named first
 * @param right the end in the host named second
 */
public record LabLink(LabInterface left, LabInterface right) {
    /** Adds an address with its prefix length to each end, as in {@code 10.0.0.1/24, 10.0.0.2/24}. */
    public LabLink addresses(String leftAddress, String rightAddress) {
        left.address(leftAddress);
        right.address(rightAddress);
        return this;
    }

    /** Sets the MTU of both ends, in bytes; at most 65,535. */
    public LabLink mtu(int bytes) {
        left.mtu(bytes);
        right.mtu(bytes);
        return this;
    }
}
