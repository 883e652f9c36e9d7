package anubis.plan;

import anubis.config.Cidr;
import java.util.List;

/** What the kernel and systemd are told beside the tunnel. */
final class SystemText {
    static final String SYSCTL_FILE = "90-anubis-plan.conf";
    /** What nft(8) is given. */
    static final String NFT_FILE = "anubis-plan.nft";

    static final String SERVICE = "anubis-plan.service";
    static final String DRIFT = "anubis-drift.service";
    static final String TIMER = "anubis-drift.timer";

    static final String NFT_PLACE = "/etc/anubis/" + NFT_FILE;
    static final String SYSCTL_PLACE = "/etc/sysctl.d/" + SYSCTL_FILE;

    private SystemText() {}

    static String sysctl(String head, List<KernelParameter> parameters) {
        StringBuilder text = new StringBuilder(head);
        String why = "";
        for (KernelParameter parameter : parameters) {
            if (!parameter.why().equals(why)) {
                why = parameter.why();
                text.append("\n# ")
                        .append(Character.toUpperCase(why.charAt(0)))
                        .append(why.substring(1))
                        .append(".\n");
            }
            text.append(parameter).append('\n');
        }
        return text.toString();
    }

    /** The commands of ip(8) that make the interface without a cable, as systemd runs them. */
    private static String dummy(HostPlan plan) {
        if (plan.internal().isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder("# The interface without a cable; a kernel without such has bridges.\n");
        String link = HostPlan.DUMMY;
        text.append(
                "ExecStart=/bin/sh -c 'ip link show dev %1$s >/dev/null 2>&1 || ip link add %1$s type dummy || ip link add %1$s type bridge'\n"
                        .formatted(link));
        for (Cidr address : plan.internal()) {
            text.append("ExecStart=ip address replace %s dev %s\n".formatted(address, link));
        }
        return text.append("ExecStart=ip link set dev %s up\n".formatted(link)).toString();
    }

    /** What has to be there before the tunnel. */
    static String service(String head, HostPlan plan) {
        String stop = plan.internal().isEmpty() ? "" : "ExecStop=-ip link del dev " + HostPlan.DUMMY + "\n";
        return head
                + """
                [Unit]
                Description=Firewall, kernel parameters and addresses that the plan gives %1$s
                Documentation=file:///usr/share/doc/anubis/plan.md
                DefaultDependencies=no
                After=local-fs.target systemd-sysctl.service systemd-modules-load.service nftables.service
                # The firewall is there before the network. Where nftables.service flushes all, it comes back behind it.
                Wants=network-pre.target
                Before=network-pre.target wg-quick@%2$s.service anubis@%2$s.service shutdown.target
                PartOf=nftables.service
                ReloadPropagatedFrom=nftables.service
                Conflicts=shutdown.target

                [Service]
                Type=oneshot
                RemainAfterExit=yes
                # Nothing is sent on, and no network comes up, before the firewall is there.
                ExecStart=nft -f %4$s
                ExecStart=sysctl -q -e -p %3$s
                %5$s\
                ExecReload=nft -f %4$s
                ExecReload=sysctl -q -e -p %3$s
                ExecStop=-nft delete table inet %6$s
                %7$s\

                [Install]
                WantedBy=sysinit.target
                """.formatted(plan.host(), plan.link(), SYSCTL_PLACE, NFT_PLACE, dummy(plan), NftText.TABLE, stop);
    }

    /** Tells daily what of this host is not as planned: the service fails if anything is. */
    static String drift(String head) {
        return head + """
                [Unit]
                Description=What of this host differs from the plan
                Documentation=file:///usr/share/doc/anubis/plan.md
                ConditionPathExists=/etc/anubis/network.toml
                ConditionFileIsExecutable=/usr/bin/anubis

                [Service]
                Type=oneshot
                ExecStart=/usr/bin/anubis drift /etc/anubis/network.toml
                # It looks at what nft makes of the firewall in a network namespace of its own.
                CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN
                RuntimeDirectory=wireguard anubis
                RuntimeDirectoryMode=0700
                RuntimeDirectoryPreserve=yes
                NoNewPrivileges=yes
                ProtectSystem=strict
                ProtectHome=yes
                PrivateTmp=yes
                """;
    }

    static String timer(String head) {
        return head + """
                [Unit]
                Description=Looks daily for what of this host differs from the plan

                [Timer]
                OnCalendar=daily
                RandomizedDelaySec=1h
                Persistent=yes

                [Install]
                WantedBy=timers.target
                """;
    }
}
