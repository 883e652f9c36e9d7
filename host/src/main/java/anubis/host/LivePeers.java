package anubis.host;

import anubis.config.Cidr;
import anubis.config.DeviceChange;
import anubis.config.PeerChange;
import anubis.config.Route;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * The peers of a running interface, whoever has made it, that come and go one by one, and the routes to them. Changes are
 * made in the order in which they were asked for; those that wait for each other are made together, with one request to
 * the device. Any thread may ask.
 *
 * <p>Its routes lie in the main table and have the number {@link #PROTOCOL}. A prefix that the interface's own routes
 * cover gets none, and a route of others to the same prefix is an error: it is not replaced.
 */
public final class LivePeers implements AutoCloseable {
    /** RTA_PROTOCOL of these routes, so that what brings the whole interface up and down does not take them for its own. */
    static final int PROTOCOL = 203;

    private final String name;
    private final BlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
    private final Thread thread;
    private final UapiClient uapi;
    // Of the thread.
    private final Set<Cidr> ours = new HashSet<>();
    private final Set<Cidr> others = new HashSet<>();
    private Optional<Routes> routes = Optional.empty();
    private boolean routesKnown;
    private WireGuardInterface device;

    /**
     * A change.
     *
     * @param peers what becomes of them
     * @param reached prefixes to which there shall be routes
     * @param left prefixes to which there shall be none of ours
     */
    public record Change(List<PeerChange> peers, List<Cidr> reached, List<Cidr> left) {
        public Change {
            peers = List.copyOf(peers);
            reached = reached.stream().map(Cidr::masked).toList();
            left = left.stream().map(Cidr::masked).toList();
        }
    }

    private sealed interface Job {
        record Make(Change change, CompletableFuture<Void> made) implements Job {}

        record Look(CompletableFuture<UapiDevice> seen) implements Job {}

        record Do(Runnable work) implements Job {}

        record End() implements Job {}
    }

    /** Of the interface {@code name}, in the network namespace of the thread that calls this. */
    public LivePeers(String name) {
        this.name = name;
        this.uapi = new UapiClient(name).lasting();
        this.device = uapi;
        this.thread = Thread.ofPlatform().name(name + "-peers").daemon().start(this::run);
    }

    /** The interface's name. */
    public String name() {
        return name;
    }

    /** What {@code anubis up} has made of the interface, if it has: to be used in {@link #call}. */
    public Tunnel tunnel(Consumer<String> warnings) {
        return new Tunnel(name, uapi, warnings);
    }

    /**
     * Makes a change. It fails with an {@link IOException} if the device refuses it or a route cannot be had; then none of
     * its routes is there, but what the device took stays, and should be taken back by another change.
     */
    public CompletableFuture<Void> change(Change change) {
        Job.Make job = new Job.Make(change, new CompletableFuture<>());
        jobs.add(job);
        return job.made;
    }

    /**
     * What the device has now, after all changes asked for before. The routes are looked at anew, too: who sees that the
     * device is another one asks for this before anything else.
     */
    public CompletableFuture<UapiDevice> look() {
        Job.Look job = new Job.Look(new CompletableFuture<>());
        jobs.add(job);
        return job.seen;
    }

    /**
     * Has other work at the interface done after all changes asked for before, on the thread that makes them: it is in the
     * interface's network namespace.
     */
    public <T> CompletableFuture<T> call(Callable<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        jobs.add(new Job.Do(() -> {
            try {
                done.complete(work.call());
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        }));
        return done;
    }

    private void run() {
        try {
            while (true) {
                List<Job> taken = new ArrayList<>(List.of(jobs.take()));
                jobs.drainTo(taken);
                List<Job.Make> together = new ArrayList<>();
                for (Job job : taken) {
                    switch (job) {
                        case Job.Make make -> together.add(make);
                        case Job.Look look -> {
                            makeAll(together);
                            together.clear();
                            look(look);
                        }
                        case Job.Do(Runnable work) -> {
                            makeAll(together);
                            together.clear();
                            work.run();
                            routesKnown = false;
                        }
                        case Job.End() -> {
                            makeAll(together);
                            closeRoutes();
                            uapi.hangUp();
                            return;
                        }
                    }
                }
                makeAll(together);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look(Job.Look job) {
        try {
            routesKnown = false;
            job.seen.complete(present());
        } catch (IOException | RuntimeException e) {
            job.seen.completeExceptionally(e);
        }
    }

    /** Whether it is in user space is found out when it is not where it was. */
    private UapiDevice present() throws IOException {
        try {
            return device.get();
        } catch (IOException e) {
            device = KernelInterface.exists(name) ? new KernelInterface(name) : uapi;
            return device.get();
        }
    }

    private void makeAll(List<Job.Make> together) {
        if (together.isEmpty()) {
            return;
        }
        List<Job.Make> set = new ArrayList<>();
        try {
            set(together.stream().flatMap(job -> job.change.peers.stream()).toList());
            set.addAll(together);
        } catch (IOException | RuntimeException e) {
            // One of them is to blame, and shall not spoil the others.
            for (Job.Make job : together) {
                try {
                    set(job.change.peers);
                    set.add(job);
                } catch (IOException | RuntimeException own) {
                    job.made.completeExceptionally(own);
                }
            }
        }
        try {
            route(set);
        } catch (IOException | RuntimeException e) {
            routesKnown = false;
            set.forEach(job -> job.made.completeExceptionally(e));
        }
    }

    private void set(List<PeerChange> peers) throws IOException {
        if (!peers.isEmpty()) {
            device.set(new DeviceChange(Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, peers));
        }
    }

    /** Makes the routes of all, and tells each how that went. */
    private void route(List<Job.Make> together) throws IOException {
        if (!routesKnown) {
            lookAtRoutes();
        }
        for (Job.Make job : together) {
            job.change.left.stream().filter(ours::remove).forEach(this::delete);
            List<Cidr> added = new ArrayList<>();
            try {
                for (Cidr prefix : job.change.reached) {
                    if (others.stream().noneMatch(other -> other.contains(prefix)) && ours.add(prefix)) {
                        added.add(prefix);
                        routes.orElseThrow(() -> new IOException(name + " is not there"))
                                .set(new Route(prefix, Route.MAIN), PROTOCOL, true);
                    }
                }
                job.made.complete(null);
            } catch (IOException e) {
                added.forEach(this::delete);
                routesKnown = false;
                job.made.completeExceptionally(new IOException(
                        "no route to " + added.getLast() + " through " + name + ": another route leads there, or "
                                + name + " is down",
                        e));
            }
        }
    }

    private void delete(Cidr prefix) {
        try {
            if (routes.isPresent()) {
                routes.get().set(new Route(prefix, Route.MAIN), PROTOCOL, false);
            }
        } catch (IOException e) {
            // That it is gone already is what was wanted.
        }
    }

    private void lookAtRoutes() throws IOException {
        ours.clear();
        others.clear();
        closeRoutes();
        routes = Routes.of(name);
        if (routes.isPresent()) {
            routes.get()
                    .main()
                    .forEach(route -> (route.protocol() == PROTOCOL ? ours : others)
                            .add(new Cidr(route.to().address(), route.to().length())));
        }
        routesKnown = true;
    }

    private void closeRoutes() {
        routes.ifPresent(Routes::close);
        routes = Optional.empty();
    }

    /** Makes what has been asked for, and ends. */
    @Override
    public void close() {
        jobs.add(new Job.End());
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
