package anubis.plan;

import static anubis.plan.MachineMaker.ip;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A world in which all is well, for tests to spoil: a hub between a LAN and the wild, a leaf on the LAN, a laptop behind
 * somebody's NAT, a guest inside the laptop, and a server in the wild.
 */
final class SmallWorld {
    static final String RANGES = "10.9.0.0/24 fd09::/64";
    static final String LAN = "192.168.1.0/24 fd01::/64";

    final Map<String, MachineMaker> machines = new LinkedHashMap<>();
    final MachineMaker hub = add("hub");
    final MachineMaker leaf = add("leaf");
    final MachineMaker laptop = add("laptop");
    final MachineMaker guest = add("guest");
    final MachineMaker server = add("server");
    final MachineMaker internet = add("internet");
    final MachineMaker nat = add("nat");

    SmallWorld() {
        hub.on("lan", "eth0", "192.168.1.1/24 fd01::1/64")
                .on("isp", "eth1", "198.51.100.10/24")
                .via("0.0.0.0/0", "eth1", "198.51.100.1")
                .wg("10.9.0.1/32 fd09::1/128")
                .peer("leaf", "192.168.1.5:4296", 0, "10.9.0.5/32 fd09::5/128 192.168.1.5/32 fd01::5/128")
                .peer("laptop", "", 0, "10.9.0.7/32 fd09::7/128 10.9.0.8/32 fd09::8/128 172.20.0.0/24")
                .peer("server", "203.0.113.9:4296", 25, "10.9.0.9/32 fd09::9/128 203.0.113.9/32")
                .ruled()
                .tunnelled(RANGES + " 172.20.0.0/24 203.0.113.9/32")
                .forwards()
                .closed("eth1", new Service(Service.Protocol.UDP, 4296))
                .masquerade("eth1");
        leaf.on("lan", "eth0", "192.168.1.5/24 fd01::5/64")
                .via("0.0.0.0/0", "eth0", "192.168.1.1")
                .via("::/0", "eth0", "fd01::1")
                .wg("10.9.0.5/32 fd09::5/128")
                .peer("hub", "192.168.1.1:4296", 0, "0.0.0.0/0 ::/0")
                .ruled()
                .tunnelled(RANGES);
        laptop.on("hotel", "wlan0", "192.168.77.20/24")
                .on("inside", "br0", "172.20.0.1/24")
                .via("0.0.0.0/0", "wlan0", "192.168.77.1")
                .wg("10.9.0.7/32 fd09::7/128")
                .peer("hub", "198.51.100.10:4296", 25, "0.0.0.0/0 ::/0")
                .peer("guest", "172.20.0.2:4296", 0, "10.9.0.8/32 fd09::8/128 172.20.0.2/32")
                .ruled()
                .tunnelled("0.0.0.0/0 ::/0")
                .thrown("172.20.0.0/24")
                .forwards();
        guest.on("inside", "eth0", "172.20.0.2/24")
                .via("0.0.0.0/0", "eth0", "172.20.0.1")
                .wg("10.9.0.8/32 fd09::8/128")
                .peer("laptop", "172.20.0.1:4296", 0, "10.9.0.7/32 fd09::7/128 172.20.0.0/24")
                .ruled()
                .tunnelled("10.9.0.7/32 fd09::7/128");
        server.on("cloud", "eth0", "203.0.113.9/24 2001:db8:9::9/64")
                .via("0.0.0.0/0", "eth0", "203.0.113.1")
                .via("::/0", "eth0", "2001:db8:9::1")
                .wg("10.9.0.9/32 fd09::9/128")
                .peer("hub", "198.51.100.10:4296", 0, RANGES + " " + LAN + " 172.20.0.0/24")
                .ruled()
                .tunnelled(RANGES + " " + LAN + " 172.20.0.0/24");
        internet.on("isp", "net0", "198.51.100.1/24")
                .on("cloud", "net1", "203.0.113.1/24 2001:db8:9::1/64")
                .on("uplink", "net2", "198.18.0.1/30")
                .forwards();
        nat.on("uplink", "up0", "198.18.0.2/30")
                .on("hotel", "in0", "192.168.77.1/24")
                .via("0.0.0.0/0", "up0", "198.18.0.1")
                .forwards()
                .closed("up0")
                .masquerade("up0");
    }

    MachineMaker add(String name) {
        MachineMaker machine = new MachineMaker(name);
        machines.put(name, machine);
        return machine;
    }

    World world() {
        return new World(
                "small",
                machines.values().stream().map(MachineMaker::make).toList(),
                Map.of("hub.example.org", List.of(ip("198.51.100.10"))));
    }

    Outcome ping(String from, String to) {
        return new Prover(world()).trace(from, Optional.empty(), ip(to), Service.PING);
    }

    /** The reason and the machine, or that it arrives, or is unknown. */
    String word(String from, String to) {
        return word(ping(from, to));
    }

    static String word(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Reached _ -> "reached";
            case Outcome.Lost lost -> lost.reason().name() + " at " + lost.machine();
            case Outcome.Unknown unknown -> "unknown at " + unknown.machine();
        };
    }
}
