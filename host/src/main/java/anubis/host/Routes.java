package anubis.host;

import anubis.config.Route;
import anubis.linux.ErrnoException;
import anubis.linux.Rtnetlink;
import java.util.List;
import java.util.Optional;

/** The routes through an interface. To be used by one thread. */
final class Routes implements AutoCloseable {
    /** By its name a rehearsal goes; it is no tunnel, so nothing is done to it. */
    private static final String LOOPBACK = "lo";

    private final String name;
    private final Rtnetlink kernel;
    private final int link;

    private Routes(String name, Rtnetlink kernel, int link) {
        this.name = name;
        this.kernel = kernel;
        this.link = link;
    }

    /** Those of an interface of this thread's network namespace; nothing if there is no such interface. */
    static Optional<Routes> of(String name) throws ErrnoException {
        Rtnetlink kernel = Rtnetlink.open();
        Optional<Rtnetlink.Link> link = Optional.empty();
        try {
            link = kernel.link(name);
            return link.map(found -> new Routes(name, kernel, found.index()));
        } finally {
            if (link.isEmpty()) {
                kernel.close();
            }
        }
    }

    /** Those of the main table. */
    List<Rtnetlink.Route> main() throws ErrnoException {
        return kernel.routes(link).stream()
                .filter(route -> route.table() == Route.MAIN)
                .toList();
    }

    /**
     * Makes a route, or takes it away.
     *
     * @param protocol whose it is, RTA_PROTOCOL
     * @throws ErrnoException if another leads there, or it is not there
     */
    void set(Route route, int protocol, boolean there) throws ErrnoException {
        if (name.equals(LOOPBACK)) {
            return;
        }
        Rtnetlink.Prefix to = new Rtnetlink.Prefix(
                route.destination().address(), route.destination().length());
        Rtnetlink.Route wanted = new Rtnetlink.Route(to, route.table(), protocol);
        if (there) {
            kernel.add(link, wanted);
        } else {
            kernel.delete(link, wanted);
        }
    }

    @Override
    public void close() {
        kernel.close();
    }
}
