package anubis.netlab;

import java.net.InetAddress;

/** A ping from one machine to an address of another. */
public record Probe(String from, String to, InetAddress address) {}
