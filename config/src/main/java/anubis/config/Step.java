package anubis.config;

import anubis.config.QuickConfig.DnsSettings;
import java.util.List;
import java.util.Optional;

/** One thing that is done to a host, and how it is taken back. */
public sealed interface Step {
    /**
     * A command of ip(8).
     *
     * @param six whether it concerns IPv6 ({@code ip -6}), where its arguments do not say so
     * @param arguments those of {@code ip}, without the family
     * @param undo those that take it back; none if nothing does
     */
    record Ip(boolean six, List<String> arguments, List<String> undo) implements Step {
        public Ip {
            arguments = List.copyOf(arguments);
            undo = List.copyOf(undo);
        }
    }

    /**
     * A route through the interface {@code name}.
     *
     * @param there whether it shall be there; it is not, if it shall, and is, if it shall not
     */
    record SetRoute(String name, Route route, boolean there) implements Step {
        /** What takes it back. */
        public SetRoute undo() {
            return new SetRoute(name, route, !there);
        }
    }

    /** The device itself. */
    record SetDevice(DeviceChange change, DeviceChange undo) implements Step {}

    /** The interface's nft table: {@code script} for {@code nft -f -}. */
    record Nft(String script, String undo, boolean essential) implements Step {}

    /** The name servers that are asked through the interface. */
    record Dns(String name, DnsSettings wanted, DnsSettings before) implements Step {}

    /** The kernel's check of source addresses heeds marks; it is never taken back, for others may need it by then. */
    record HeedMarks() implements Step {}

    /** A command of systemctl(1), and what takes it back; nothing if nothing does. */
    record Systemctl(List<String> arguments, List<String> undo) implements Step {
        public Systemctl {
            arguments = List.copyOf(arguments);
            undo = List.copyOf(undo);
        }
    }

    /** A kernel parameter: its file in {@code /proc/sys}, without that, as in {@code net/ipv4/ip_forward}. */
    record Sysctl(String file, String value, String before) implements Step {}

    /**
     * A file that is written whole.
     *
     * @param before what was in it; nothing if it was not there
     * @param secret whether only its owner may read it
     */
    record WriteFile(String path, String content, Optional<String> before, boolean secret) implements Step {
        /** Without what is in it. */
        @Override
        public String toString() {
            return "WriteFile(" + path + ")";
        }
    }

    /** One line for people; it has no key in it. */
    default String describe() {
        return switch (this) {
            case Ip ip -> "ip " + (ip.six() ? "-6 " : "") + String.join(" ", ip.arguments());
            case SetRoute(String name, Route route, boolean there) ->
                "ip route " + (there ? "add " : "del ") + route.destination() + " dev " + name + " table "
                        + route.table() + " proto " + Route.PROTOCOL;
            case SetDevice device -> "device: " + device.change().describe();
            case Nft nft -> "nft: " + nft.script().lines().limit(1).findFirst().orElse("");
            case Dns dns ->
                "name servers of " + dns.name() + ": "
                        + String.join(", ", dns.wanted().servers())
                        + (dns.wanted().domains().isEmpty()
                                ? ""
                                : "; domains: " + String.join(", ", dns.wanted().domains()));
            case Sysctl sysctl -> "sysctl " + sysctl.file().replace('/', '.') + "=" + sysctl.value();
            case Systemctl systemctl -> "systemctl " + String.join(" ", systemctl.arguments());
            case WriteFile file -> "file " + file.path() + (file.before().isEmpty() ? " (new)" : "");
            case HeedMarks() -> "sysctl net.ipv4.conf.all.src_valid_mark=1";
        };
    }
}
