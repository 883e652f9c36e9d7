package anubis.plan;

import anubis.config.Cidr;
import anubis.config.QuickSetting;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** A host's tunnel as a file of wg-quick(8), and as one of {@code wg setconf}. The private key is in neither. */
final class QuickText {
    /** The line of a phone's file where the private key has to be. */
    static final String KEY_PLACE = "# PrivateKey = the phone's, which is not in the plan";

    /** What gives the key to the tunnel of a host. */
    static final String KEY_COMMAND = "wg set %i private-key /etc/wireguard/%i.key";

    private static final boolean[] FAMILIES = {false, true};

    private final HostPlan plan;
    private final StringBuilder text;

    private QuickText(String head, HostPlan plan) {
        this.plan = plan;
        this.text = new StringBuilder(head);
    }

    /** The file of a host that has policy rules. */
    static String quick(String head, HostPlan plan) {
        QuickText file = new QuickText(head, plan);
        file.device(true);
        file.line("Table = off");
        file.hooks();
        file.peers();
        return file.text.toString();
    }

    /** The file of a phone, whose app has no rules, tables, marks and commands. */
    static String phone(String head, HostPlan plan) {
        QuickText file = new QuickText(head, plan);
        file.line("[Interface]").line(KEY_PLACE).addresses();
        file.line("ListenPort = " + plan.device().port()).line("MTU = " + plan.mtu());
        file.peers();
        return file.text.toString();
    }

    /** What {@code wg setconf} takes. */
    static String setconf(String head, HostPlan plan) {
        QuickText file = new QuickText(head, plan);
        file.device(false);
        file.peers();
        return file.text.toString();
    }

    private void device(boolean quick) {
        Device device = plan.device();
        line("[Interface]");
        if (quick) {
            addresses();
        }
        line("ListenPort = " + device.port());
        if (device.mark() != 0) {
            line("FwMark = 0x" + Long.toHexString(device.mark()));
        }
        if (quick) {
            line("MTU = " + plan.mtu());
        }
    }

    private QuickText line(String line) {
        text.append(line).append('\n');
        return this;
    }

    private void addresses() {
        line("Address = " + list(plan.addresses()));
    }

    private static String list(List<Cidr> prefixes) {
        return prefixes.stream().map(Cidr::toString).collect(Collectors.joining(", "));
    }

    /**
     * A table is filled before a rule asks it, and of the rules that come first is first; to the end, the other way round. A
     * tunnel that has been killed leaves rules and throw routes behind, of which those of the next may not be one.
     */
    private void hooks() {
        List<PolicyRule> rules = plan.rules().stream()
                .sorted(Comparator.comparing(PolicyRule::six).thenComparingInt(PolicyRule::priority))
                .toList();
        line("");
        line("# What one that was killed has left.");
        remove(QuickSetting.Key.PreUp, rules.reversed());
        line("");
        line("# Routes in a table of our own. Where one throws, the next rule is asked.");
        hook(QuickSetting.Key.PostUp, KEY_COMMAND);
        for (boolean six : FAMILIES) {
            for (TableRoute route : plan.routes()) {
                if (route.destination().six() == six) {
                    hook(QuickSetting.Key.PostUp, IpText.program(six) + " route replace " + named(IpText.route(route)));
                }
            }
        }
        line("");
        line("# Bearer packets go straight to the main table; all others ask the table of our own before.");
        for (PolicyRule rule : rules) {
            hook(QuickSetting.Key.PostUp, IpText.program(rule.six()) + " rule add " + IpText.rule(rule));
        }
        line("");
        remove(QuickSetting.Key.PreDown, rules.reversed());
    }

    private void remove(QuickSetting.Key when, List<PolicyRule> rules) {
        for (PolicyRule rule : rules) {
            hook(when, IpText.program(rule.six()) + " rule del " + IpText.rule(rule) + " 2>/dev/null || true");
        }
        for (boolean six : FAMILIES) {
            IpText.tables(plan, six)
                    .forEach(table ->
                            hook(when, IpText.program(six) + " route flush table " + table + " 2>/dev/null || true"));
        }
    }

    private String named(String route) {
        return route.replace(" dev " + plan.link() + " ", " dev %i ");
    }

    private void hook(QuickSetting.Key when, String command) {
        line(when + " = " + command);
    }

    private void peers() {
        for (DevicePeer peer : plan.device().peers()) {
            line("").line("[Peer]").line("#: Name = " + peer.name()).line("PublicKey = " + peer.key());
            if (!peer.allowedIps().isEmpty()) {
                line("AllowedIPs = " + list(peer.allowedIps()));
            }
            peer.endpoint().ifPresent(endpoint -> line("Endpoint = " + endpoint));
            if (peer.keepalive() != 0) {
                line("PersistentKeepalive = " + peer.keepalive());
            }
        }
    }
}
