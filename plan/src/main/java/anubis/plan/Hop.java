package anubis.plan;

import java.util.List;

/**
 * One machine on the way of a packet.
 *
 * @param machine its name
 * @param in the interface it came by; empty where it began
 * @param out the interface it leaves by; empty where it ends
 * @param why what decided: the rule, table and route, for people
 * @param bearer where it leaves by WireGuard, the way of the bearer packet; else empty
 */
public record Hop(String machine, String in, String out, String why, List<Hop> bearer) {
    public Hop {
        bearer = List.copyOf(bearer);
    }
}
