package anubis.gate;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.OwnEnd;
import anubis.host.PrivateFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The first configuration of a gate, and its key: {@code anubis gate init}. What is there already is used and never
 * overwritten, and nothing is asked that can be found out.
 */
public final class GateSetup {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");
    private static final String PRIVATE = ".priv";
    private static final String PUBLIC = ".pub";

    private final Path file;
    private final Path keyFile;
    private final List<Path> made = new ArrayList<>();

    /**
     * What this host is to be.
     *
     * @param hub nothing if it is a client only
     * @param asks whom it asks
     */
    public record Wish(Optional<HubWish> hub, List<HubAddress> asks) {}

    /**
     * What a hub is to be.
     *
     * @param name that of this host, if it is not given
     * @param endpoint where clients reach production; port 0 for that on which it listens
     * @param allowedIps what clients may send to it and have from it; the networks of its addresses, if none are given
     */
    public record HubWish(Optional<String> name, Endpoint endpoint, List<Cidr> allowedIps) {}

    /**
     * What there is now, and what others have to be told of it.
     *
     * @param made the files that have been written
     * @param elsewhere what is to be run on other hosts
     */
    public record Told(
            List<Path> made,
            GateConfig config,
            PublicKey gateKey,
            PublicKey productionKey,
            List<Cidr> allowedIps,
            List<Command> elsewhere) {}

    /** A command, and who has to run it. */
    public record Command(String who, String line) {}

    /**
     * With the files that it writes.
     *
     * @param keyFile of the gate key; beside {@code NAME.priv} lies {@code NAME.pub}
     */
    public GateSetup(Path file, Path keyFile) {
        this.file = file;
        this.keyFile = keyFile;
    }

    /** The gate key's file, unless another is named. */
    public static Path keyFile() {
        return Path.of(GateConfig.GATE_KEY);
    }

    /** A hub to ask, as {@code NAME=GATEKEY@HOST:PORT}; an {@link IllegalArgumentException} tells what is wrong. */
    public static HubAddress hubAddress(String text) {
        int equals = text.indexOf('=');
        int at = text.indexOf('@');
        if (equals < 0 || at < equals) {
            throw new IllegalArgumentException(
                    "write NAME=GATEKEY@HOST:PORT, as 'anubis gate init' prints it on the hub");
        }
        String name = text.substring(0, equals);
        requireName(name);
        PublicKey key = PublicKey.ofBase64(text.substring(equals + 1, at));
        if (key.isOfLowOrder()) {
            throw new IllegalArgumentException("nobody has a private key to the gate key of '" + name + "'");
        }
        Endpoint endpoint = endpoint(text.substring(at + 1));
        return new HubAddress(
                name,
                key,
                endpoint.port() == 0 ? new Endpoint(endpoint.host(), InnerUdp.PORT) : endpoint,
                Optional.empty());
    }

    /** {@code HOST:PORT} or {@code HOST} alone, with port 0 then; an IPv6 address stands in brackets. */
    public static Endpoint endpoint(String text) {
        boolean port = text.lastIndexOf(':') > text.lastIndexOf(']');
        return port ? GateConfig.endpoint(text) : Endpoint.parse(text + ":0");
    }

    private static void requireName(String name) {
        if (!GateConfig.NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' is no name of a hub: it has 1 to 63 letters, digits or _ . -");
        }
    }

    /** Whether there is a configuration already. */
    public boolean isThere() {
        return Files.exists(file);
    }

    /**
     * Writes what is not there.
     *
     * @param interfaceName of production
     * @throws IllegalArgumentException if what is wished cannot be; nothing has been written then
     * @throws IOException if the configuration is there already, or cannot be written
     * @throws ConfigException if the interface has a configuration that is wrong
     */
    public Told write(String interfaceName, Wish wish) throws IOException, ConfigException {
        return write(OwnEnd.find(interfaceName), wish);
    }

    Told write(OwnEnd own, Wish wish) throws IOException, ConfigException {
        if (isThere()) {
            throw new IOException(file + " is there already, and is not overwritten: edit it, or move it away;"
                    + " 'anubis gate init' alone prints what other hosts have to be told");
        }
        if (wish.hub.isEmpty() && wish.asks.isEmpty()) {
            throw new IllegalArgumentException(
                    "say what this host is: a hub, with --endpoint HOST:PORT, or a client of one,"
                            + " with --ask NAME=GATEKEY@HOST:PORT as 'anubis gate init' prints it on the hub");
        }
        wish.asks.forEach(hub -> {
            if (wish.asks.stream()
                    .anyMatch(other -> !other.equals(hub)
                            && (other.name().equals(hub.name()) || other.key().equals(hub.key())))) {
                throw new IllegalArgumentException("two hubs have the name or the key of '" + hub.name() + "'");
            }
        });
        String text = text(own, wish);
        PublicKey key = gateKey();
        create(file, text, "rw-r--r--", "rwxr-xr-x");
        return tell(GateConfig.read(file), own, key);
    }

    /** What others have to be told of the configuration that is there. */
    public Told tell() throws IOException, ConfigException {
        GateConfig config = GateConfig.read(file);
        return tell(
                config, OwnEnd.find(config.interfaceName()), config.gateKey().publicKey(Primitives.get()));
    }

    private Told tell(GateConfig config, OwnEnd own, PublicKey key) throws IOException {
        List<Cidr> addresses =
                own.addresses().stream().map(each -> Cidr.host(each.address())).toList();
        List<Command> elsewhere = new ArrayList<>();
        for (HubAddress hub : config.hubs()) {
            boolean isHub = config.hub().isPresent();
            elsewhere.add(new Command(
                    hub.name(),
                    "anubis gate peer add "
                            + config.hub().map(GateConfig.HubPart::name).orElse(hostName())
                            + (isHub ? " --hub" : "") + " --gate-key " + key + " --production-key " + own.publicKey()
                            + " --allowed-ips " + (isHub || addresses.isEmpty() ? "''" : join(addresses, ","))));
        }
        config.hub()
                .ifPresent(hub -> elsewhere.add(new Command(
                        "each client",
                        "anubis gate init --ask " + hub.name() + "=" + key + "@"
                                + new Endpoint(hub.endpoints().getFirst().host(), config.port()))));
        return new Told(List.copyOf(made), config, key, own.publicKey(), addresses, elsewhere);
    }

    private static String hostName() throws IOException {
        String name = Files.readString(HOST_NAME).strip().split("\\.", 2)[0].replaceAll("[^A-Za-z0-9_.-]", "-");
        return name.isEmpty() ? "NAME" : name;
    }

    // The configuration.

    private String text(OwnEnd own, Wish wish) throws IOException {
        StringBuilder text = new StringBuilder("# The gate of this host; gate.md of the documentation tells more.\n");
        line(text, "interface", quoted(own.name()));
        if (!keyFile.equals(keyFile())) {
            line(text, "key", quoted(keyFile.toAbsolutePath().toString()));
        }
        if (wish.hub.isPresent()) {
            HubWish hub = wish.hub.get();
            String name = hub.name.isPresent() ? hub.name.get() : hostName();
            requireName(name);
            List<Cidr> allowedIps = hub.allowedIps.isEmpty() ? own.addresses() : hub.allowedIps;
            if (allowedIps.isEmpty()) {
                throw new IllegalArgumentException(
                        own.name() + " has no address to tell clients of: give it one, or say"
                                + " what they may reach with --allowed-ips");
            }
            text.append("\n[hub]\n");
            line(text, "name", quoted(name));
            line(text, "endpoints", "[" + quoted(endpoint(hub.endpoint, own).toString()) + "]");
            line(
                    text,
                    "allowed-ips",
                    allowedIps.stream()
                            .map(each -> quoted(each.masked().toString()))
                            .distinct()
                            .collect(Collectors.joining(", ", "[", "]")));
            line(text, "lease", quoted("1h"));
        }
        for (HubAddress hub : wish.asks) {
            text.append("\n[[hubs]]\n");
            line(text, "name", quoted(hub.name()));
            line(text, "key", quoted(hub.key().base64()));
            line(text, "endpoint", quoted(hub.endpoint().toString()));
        }
        return text.toString();
    }

    private static Endpoint endpoint(Endpoint wished, OwnEnd own) {
        if (wished.port() != 0) {
            return wished;
        }
        return new Endpoint(
                wished.host(),
                own.port()
                        .orElseThrow(() -> new IllegalArgumentException(own.name()
                                + " has no fixed port: give it one (ListenPort = 51820 in its configuration), or write"
                                + " --endpoint HOST:PORT")));
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(" = ").append(value).append('\n');
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String join(List<?> values, String separator) {
        return values.stream().map(Object::toString).collect(Collectors.joining(separator));
    }

    // The key.

    /** The gate key that is there, or a new one; its public key lies beside it. */
    private PublicKey gateKey() throws IOException {
        if (!Files.exists(keyFile)) {
            PrivateKey fresh = PrivateKey.generate(new SecureRandom());
            create(keyFile, Base64.getEncoder().encodeToString(fresh.bytes()) + "\n", "rw-------", "rwx------");
            fresh.destroy();
        }
        PublicKey key;
        try {
            PrivateKey secret = PrivateKey.ofBase64(PrivateFile.read(keyFile).strip());
            key = secret.publicKey(Primitives.get());
            secret.destroy();
        } catch (IllegalArgumentException e) {
            throw new IOException(keyFile + ": it has no private key in it: move it away, and a new one is made", e);
        }
        String name = String.valueOf(keyFile.getFileName());
        Path publicFile = keyFile.resolveSibling(
                (name.endsWith(PRIVATE) ? name.substring(0, name.length() - PRIVATE.length()) : name) + PUBLIC);
        if (!Files.exists(publicFile)) {
            create(publicFile, key + "\n", "rw-r--r--", "rwx------");
        } else if (!Files.readString(publicFile).strip().equals(key.base64())) {
            throw new IOException(publicFile + ": it is not the public key of " + keyFile
                    + ": move it away, and the right" + " one is written");
        }
        return key;
    }

    /** Writes a file that is not there, and folders above it that are not. */
    private void create(Path path, String text, String mode, String folderMode) throws IOException {
        Path folder = Optional.ofNullable(path.toAbsolutePath().getParent()).orElse(path.toAbsolutePath());
        boolean begun = false;
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder.resolveSibling("."));
                Files.createDirectory(folder);
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(folderMode));
            }
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            begun = true;
            Files.write(path, text.getBytes(StandardCharsets.UTF_8), StandardOpenOption.WRITE, StandardOpenOption.SYNC);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
            made.add(path);
        } catch (AccessDeniedException e) {
            throw new IOException(path + ": this user may not write there; try as root", e);
        } catch (FileAlreadyExistsException e) {
            throw new IOException(path + " is there already, and is not overwritten", e);
        } catch (IOException e) {
            if (begun) {
                Files.deleteIfExists(path);
            }
            throw new IOException(path + ": it cannot be written (" + e.getMessage() + ")", e);
        }
    }
}
