package anubis.config;

import org.jspecify.annotations.Nullable;

/** A route through the interface: what it leads to, without host bits, and the number of its table, 1 to 2³²-1. */
public record Route(Cidr destination, long table) {
    /** The table that is asked when no rule says otherwise (Linux, include/uapi/linux/rtnetlink.h, RT_TABLE_MAIN). */
    public static final long MAIN = 254;

    /** The number that says whose a route or rule is: RTA_PROTOCOL, of which 0 to 4 belong to the kernel and its tools. */
    public static final int PROTOCOL = 202;

    /** As {@link Cidr#equals}: not to be waited for. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Route route && table == route.table && destination.equals(route.destination);
    }

    @Override
    public int hashCode() {
        return 31 * destination.hashCode() + Long.hashCode(table);
    }
}
