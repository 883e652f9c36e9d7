package anubis.host;

import anubis.config.DeviceChange;
import anubis.config.ShowDump;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.util.List;

/** An interface of the kernel's WireGuard, driven by running {@code wg}. */
final class KernelInterface implements WireGuardInterface {
    private final String name;

    KernelInterface(String name) {
        this.name = name;
    }

    @Override
    public UapiDevice get() throws IOException {
        return ShowDump.parse(wg("", "show", name, "dump"));
    }

    /** {@code wg syncconf} leaves alone what is as it should be, so it is told the whole. */
    @Override
    public void set(DeviceChange change) throws IOException {
        wg(get().after(change).config().showconf(), "syncconf", name, "/dev/stdin");
    }

    private static String wg(String input, String verb, String name, String what) throws IOException {
        if (!Command.installed("wg")) {
            throw new IOException("wg is not installed, and a kernel interface is driven by it"
                    + " (on Debian: apt install wireguard-tools)");
        }
        return Command.run(input, List.of("wg", verb, name, what)).orThrow();
    }
}
