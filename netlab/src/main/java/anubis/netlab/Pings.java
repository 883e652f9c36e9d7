package anubis.netlab;

import anubis.linux.Epoll;
import anubis.linux.Family;
import anubis.linux.PacketTap;
import anubis.linux.PingSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Sends pings from all machines at once, and looks at all interfaces for what becomes of them. Confined to one thread. */
final class Pings implements AutoCloseable {
    private static final int TRIES_EXPECTED = 3;
    private static final int TRIES_UNEXPECTED = 2;
    private static final long MILLI = 1_000_000L;
    private static final long PATIENCE = 1_000 * MILLI;
    /** How long nothing has to be seen before nothing more is awaited. */
    private static final long SILENCE = 150 * MILLI;

    /**
     * The same after the pings of one machine. All at once, both ends of a tunnel would initiate at the same time, and then
     * both wait five seconds before they try again, since each has answered the other and forgotten its own initiation.
     */
    private static final long TURN = 25 * MILLI;

    private static final int LOOK_MILLIS = 10;
    private static final int PAYLOAD = 16;
    private static final int ECHO = 8;
    private static final int IPV6_HEADER = 40;

    private final Epoll epoll;
    private final List<Eye> eyes = new ArrayList<>();
    private final Map<String, Eye> byName = new HashMap<>();
    private final long magic = System.nanoTime() * 0x9e37_79b9_7f4a_7c15L;
    private int sent;

    /** What belongs to one machine. */
    private record Eye(Station station, PacketTap tap, PingSocket four, PingSocket six) {}

    /** A packet seen; the larger the hops that are left to it, the earlier. */
    private record Glimpse(int hops, Sight sight, boolean answer) {}

    /** One ping on its way. */
    private static final class Flight {
        private final Probe probe;
        private final List<Glimpse> glimpses = new ArrayList<>();
        private boolean answered;

        Flight(Probe probe) {
            this.probe = probe;
        }

        List<Sight> way(boolean answer) {
            return glimpses.stream()
                    .filter(glimpse -> glimpse.answer == answer)
                    .sorted(Comparator.<Glimpse>comparingInt(glimpse -> -glimpse.hops)
                            .thenComparing(glimpse -> !glimpse.sight.out()))
                    .map(Glimpse::sight)
                    .toList();
        }

        Observed observed() {
            return new Observed(answered, way(false), way(true));
        }
    }

    private Pings(Epoll epoll) {
        this.epoll = epoll;
    }

    static Pings open(Map<String, Station> stations) throws Exception {
        Pings pings = new Pings(Epoll.open());
        for (Station station : stations.values()) {
            Eye eye = new Eye(station, station.tap(), station.pings(Family.IPV4), station.pings(Family.IPV6));
            int token = pings.eyes.size();
            pings.eyes.add(eye);
            pings.byName.put(station.machine().name(), eye);
            for (int fd : new int[] {eye.tap.fd(), eye.four.fd(), eye.six.fd()}) {
                pings.epoll.add(fd, Epoll.IN, token);
            }
        }
        return pings;
    }

    Map<Probe, Observed> send(List<Probe> probes, Predicate<Probe> expected) {
        Map<Probe, Observed> all = new LinkedHashMap<>();
        List<Probe> left = List.copyOf(probes);
        for (int tries = 1; !left.isEmpty(); tries++) {
            int so = tries;
            round(left, expected).forEach(all::put);
            left = left.stream()
                    .filter(probe -> !answered(all, probe))
                    .filter(probe -> so < (expected.test(probe) ? TRIES_EXPECTED : TRIES_UNEXPECTED))
                    .toList();
        }
        return all;
    }

    private static boolean answered(Map<Probe, Observed> all, Probe probe) {
        return Optional.ofNullable(all.get(probe)).filter(Observed::answered).isPresent();
    }

    private Map<Probe, Observed> round(List<Probe> probes, Predicate<Probe> expected) {
        Map<Integer, Flight> flights = new LinkedHashMap<>();
        probes.stream()
                .collect(Collectors.groupingBy(Probe::from, LinkedHashMap::new, Collectors.toList()))
                .values()
                .forEach(group -> {
                    group.forEach(probe -> send(probe, flights));
                    untilQuiet(flights, TURN);
                });
        long sentAt = System.nanoTime();
        untilQuiet(flights, SILENCE - TURN);
        while (System.nanoTime() - sentAt < PATIENCE
                && flights.values().stream().anyMatch(flight -> !flight.answered && expected.test(flight.probe))) {
            look(flights, LOOK_MILLIS);
        }
        Map<Probe, Observed> all = new LinkedHashMap<>();
        flights.values().forEach(flight -> all.put(flight.probe, flight.observed()));
        return all;
    }

    private void send(Probe probe, Map<Integer, Flight> flights) {
        flights.put(++sent, new Flight(probe));
        byte[] to = probe.address().getAddress();
        Eye eye = eye(probe.from());
        PingSocket socket = to.length == PAYLOAD ? eye.six : eye.four;
        byte[] payload =
                ByteBuffer.allocate(PAYLOAD).putLong(magic).putInt(sent).array();
        socket.send(to, sent & 0xffff, 1, payload); // That it cannot be sent is seen by its not being seen.
    }

    private void untilQuiet(Map<Integer, Flight> flights, long nanos) {
        long seen = System.nanoTime();
        while (System.nanoTime() - seen < nanos) {
            if (look(flights, LOOK_MILLIS)) {
                seen = System.nanoTime();
            }
        }
    }

    private Eye eye(String machine) {
        return Optional.ofNullable(byName.get(machine))
                .orElseThrow(() -> new IllegalArgumentException("there is no machine " + machine));
    }

    /** Reads all that there is, and says whether anything was of these flights. */
    private boolean look(Map<Integer, Flight> flights, int millis) {
        boolean any = false;
        int events = epoll.await(millis);
        for (int i = 0; i < events; i++) {
            Eye eye = eyes.get(epoll.token(i));
            for (Optional<PacketTap.Seen> seen = eye.tap.next(); seen.isPresent(); seen = eye.tap.next()) {
                any |= glimpse(flights, eye.station, seen.get());
            }
            any |= answers(flights, eye.four);
            any |= answers(flights, eye.six);
        }
        return any;
    }

    private boolean answers(Map<Integer, Flight> flights, PingSocket socket) {
        boolean any = false;
        for (Optional<byte[]> payload = socket.next(); payload.isPresent(); payload = socket.next()) {
            Optional<Flight> flight = flight(flights, ByteBuffer.wrap(payload.get()), 0);
            flight.ifPresent(each -> each.answered = true);
            any |= flight.isPresent();
        }
        return any;
    }

    private boolean glimpse(Map<Integer, Flight> flights, Station station, PacketTap.Seen seen) {
        ByteBuffer packet = seen.start();
        String link = station.link(seen.interfaceIndex());
        if (packet.limit() < ECHO + PAYLOAD || link.isEmpty()) {
            return false;
        }
        boolean six = packet.get(0) >>> 4 == 6;
        int header = six ? IPV6_HEADER : (packet.get(0) & 0xf) * 4;
        int protocol = packet.get(six ? 6 : 9);
        if (protocol != (six ? 58 : 1) || packet.limit() < header + ECHO + PAYLOAD) {
            return false;
        }
        int type = Byte.toUnsignedInt(packet.get(header));
        boolean answer = type == (six ? 129 : 0);
        if (!answer && type != (six ? 128 : 8)) {
            return false;
        }
        int hops = Byte.toUnsignedInt(packet.get(six ? 7 : 8));
        Optional<Flight> flight = flight(flights, packet, header + ECHO);
        flight.ifPresent(each ->
                each.glimpses.add(new Glimpse(hops, new Sight(station.machine().name(), link, seen.out()), answer)));
        return flight.isPresent();
    }

    private Optional<Flight> flight(Map<Integer, Flight> flights, ByteBuffer payload, int at) {
        return payload.limit() >= at + PAYLOAD && payload.getLong(at) == magic
                ? Optional.ofNullable(flights.get(payload.getInt(at + Long.BYTES)))
                : Optional.empty();
    }

    @Override
    public void close() {
        epoll.close();
    }
}
