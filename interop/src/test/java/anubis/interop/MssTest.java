package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.RoutedLab.End;
import anubis.lab.LabHost;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The segments of connections that are forwarded through the tunnel fit into it, and no table of others is touched. */
final class MssTest {
    private static final int PORT = 7;

    @TempDir
    Path directory;

    /** Counts the opening packets of connections that a host gets, by the size of segments that they ask for. */
    private static void count(LabHost host) {
        host.run("nft", """
                table inet segments {
                  counter fitting { }
                  counter other { }
                  chain in {
                    type filter hook input priority 0;
                    meta nfproto ipv4 tcp flags & (syn | rst) == syn tcp option maxseg size 1360 counter name fitting
                    meta nfproto ipv6 tcp flags & (syn | rst) == syn tcp option maxseg size 1340 counter name fitting
                    meta nfproto ipv4 tcp flags & (syn | rst) == syn tcp option maxseg size != 1360 counter name other
                    meta nfproto ipv6 tcp flags & (syn | rst) == syn tcp option maxseg size != 1340 counter name other
                  }
                }
                """);
    }

    private static String counter(LabHost host, String name) {
        return host.run("nft", "list", "counter", "inet", "segments", name).replaceAll("(?s).*packets (\\d+) .*", "$1");
    }

    private static void connect(LabHost from, LabHost to, String address) throws IOException {
        try (ServerSocket server = RoutedLab.in(to, () -> new ServerSocket(PORT, 1, InetAddress.getByName(address)));
                SocketChannel client = RoutedLab.in(from, SocketChannel::open)) {
            client.connect(new InetSocketAddress(address, PORT));
            server.accept().close();
        }
    }

    @Test
    void forwardedConnectionsAreBoundBothWays() throws IOException {
        try (RoutedLab lab = new RoutedLab(directory)) {
            End far = lab.far();
            LabHost guest = lab.host("guest");
            lab.link(guest, lab.me).addresses("10.66.0.2/24", "10.66.0.1/24").addresses("fd66::2/64", "fd66::1/64");
            guest.run("ip", "route", "add", "default", "via", "10.66.0.1");
            guest.run("ip", "route", "add", "default", "via", "fd66::1");
            lab.me.router();
            lab.up(
                    "Address = 10.9.0.1/24, fd09::1/64",
                    "MTU = 1400",
                    RoutedLab.peer(far, "10.77.0.1/32, fd77::1/128", far.outer()));
            lab.me.masquerade(lab.me.interfaceNamed(lab.name));
            String others = lab.me.run("nft", "list", "table", "inet", "anubis-nat");
            RoutedLab.await("the way there", () -> guest.reaches(far.inside()));
            RoutedLab.await("the way there", () -> guest.reaches(far.insideV6()));
            count(guest);
            count(lab.farHost);

            connect(guest, lab.farHost, far.inside());
            connect(guest, lab.farHost, far.insideV6());

            assertThat(counter(lab.farHost, "fitting")).isEqualTo("2");
            assertThat(counter(lab.farHost, "other")).isEqualTo("0");
            assertThat(counter(guest, "fitting")).isEqualTo("2");
            assertThat(counter(guest, "other")).isEqualTo("0");

            lab.run("down", lab.name);
            assertThat(lab.me.run("nft", "list", "tables")).isEqualTo("table inet anubis-nat\n");
            assertThat(lab.me.run("nft", "list", "table", "inet", "anubis-nat")).isEqualTo(others);
        }
    }
}
