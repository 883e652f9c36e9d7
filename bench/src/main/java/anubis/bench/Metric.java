package anubis.bench;

/** What {@link TunnelBenchmark} measures. */
enum Metric {
    TCP("TCP, one stream", "Gbit/s", "≥ 1.4"),
    TCP_REVERSE("TCP, one stream, reverse", "Gbit/s", "≥ 1.4"),
    TCP_FOUR("TCP, four streams", "Gbit/s", "≥ 1.4"),
    UDP_64("UDP, 64 bytes, received", "packets/s", "≥ 1.5"),
    UDP_512("UDP, 512 bytes, received", "packets/s", ""),
    UDP_1200("UDP, 1,200 bytes, received", "packets/s", ""),
    PING_MEDIAN("ping, median", "µs", "≤ 1.2"),
    PING_99("ping, 99th percentile", "µs", ""),
    RSS("resident memory of a device under load", "MiB", "≤ 0.5"),
    PSS("the same, shared pages in parts (PSS)", "MiB", ""),
    CPU("CPU time of both devices per gigabyte of TCP", "s", ""),
    HANDSHAKES("handshakes as responder", "per second", "");

    private final String label;
    private final String unit;
    private final String aim;

    Metric(String label, String unit, String aim) {
        this.label = label;
        this.unit = unit;
        this.aim = aim;
    }

    String label() {
        return label;
    }

    String unit() {
        return unit;
    }

    /** The ratio, ours to theirs, that is aimed at; empty if none is. */
    String aim() {
        return aim;
    }
}
