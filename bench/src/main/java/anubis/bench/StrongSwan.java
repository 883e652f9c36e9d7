package anubis.bench;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.function.Consumer;

/**
 * strongSwan: IKEv2 with a preshared key, its daemon charon at both ends. ESP is in user space (kernel-libipsec), in UDP and
 * over a TUN as WireGuard's is in user space: not every kernel has it. Both charon and swanctl load the plugins they need and
 * no other.
 */
final class StrongSwan implements Rival {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final GateHosts hosts;

    StrongSwan(GateHosts hosts) throws IOException {
        this.hosts = hosts;
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        String secret = Base64.getEncoder().encodeToString(key);
        start(hosts.hub(), GateHosts.HUB, GateHosts.CLIENT, GateHosts.TARGET, GateHosts.SOURCE, secret);
        start(hosts.client(), GateHosts.CLIENT, GateHosts.HUB, GateHosts.SOURCE, GateHosts.TARGET, secret);
    }

    private void start(LabHost host, String local, String remote, String inside, String opposite, String secret)
            throws IOException {
        Path log = hosts.file(host.name() + ".log");
        hosts.write(settings(host), """
                charon-systemd {
                    load = random nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
                    plugins {
                        vici {
                            socket = %s
                        }
                    }
                    filelog {
                        file {
                            path = %s
                        }
                    }
                    journal {
                        default = -1
                    }
                }
                swanctl {
                    load = random openssl
                }
                """.formatted(socket(host), log));
        Path connections =
                hosts.write(host.name() + ".swanctl", """
                connections {
                    tunnel {
                        version = 2
                        local_addrs = %s
                        remote_addrs = %s
                        proposals = aes256gcm16-prfsha256-x25519
                        local {
                            auth = psk
                        }
                        remote {
                            auth = psk
                        }
                        children {
                            tunnel {
                                local_ts = %s/32
                                remote_ts = %s/32
                                esp_proposals = aes256gcm16
                            }
                        }
                    }
                }
                secrets {
                    ike {
                        secret = 0s%s
                    }
                }
                """.formatted(local, remote, inside, opposite, secret));
        host.interfaceNamed("lo").address(inside + "/32");
        Process charon = host.start(
                builder -> {
                    environment(host).accept(builder);
                    builder.redirectErrorStream(true)
                            .redirectOutput(hosts.file(host.name() + ".out").toFile());
                },
                "charon-systemd");
        if (!Lab.poll(PATIENCE, () -> !charon.isAlive() || Files.exists(Path.of(socketPath(host))))
                || !charon.isAlive()) {
            throw new IllegalStateException(
                    "charon does not start: " + Files.readString(hosts.file(host.name() + ".out")));
        }
        swanctl(host, "--load-all", "--file", connections.toString());
    }

    private static String settings(LabHost host) {
        return host.name() + ".conf";
    }

    private String socketPath(LabHost host) {
        return hosts.file(host.name() + ".vici").toString();
    }

    private String socket(LabHost host) {
        return "unix://" + socketPath(host);
    }

    /** That which keeps the programs away from the files in /etc. */
    private Consumer<ProcessBuilder> environment(LabHost host) {
        return builder -> builder.environment()
                .putAll(Map.of(
                        "STRONGSWAN_CONF", hosts.file(settings(host)).toString(),
                        "SWANCTL_DIR", hosts.file(".").toString()));
    }

    private void swanctl(LabHost host, String... arguments) {
        String[] command = new String[arguments.length + 3];
        command[0] = "swanctl";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        command[arguments.length + 1] = "--uri";
        command[arguments.length + 2] = socket(host);
        host.execute(environment(host), command).orThrow();
    }

    @Override
    public String name() {
        return "strongSwan, `swanctl --initiate`";
    }

    @Override
    public void up() {
        swanctl(hosts.client(), "--initiate", "--child", "tunnel");
    }

    @Override
    public void down() {
        swanctl(hosts.client(), "--terminate", "--ike", "tunnel");
    }
}
