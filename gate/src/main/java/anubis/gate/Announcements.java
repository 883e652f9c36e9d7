package anubis.gate;

import anubis.crypto.PublicKey;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Tells the other hubs which clients this one has. Who does not answer is told again, until he does. Any thread. */
final class Announcements {
    private static final Duration RETRY = Duration.ofSeconds(30);

    private final Asks client;
    private final Consumer<String> log;
    private final Map<HubAddress, Waiting> waiting = new ConcurrentHashMap<>();

    /** Asks a hub, and waits for the answer. */
    @FunctionalInterface
    interface Asks {
        Reply ask(HubAddress hub, Asker.Question question) throws IOException;
    }

    private record Told(Operation what, Request.Client client) {}

    /** What a hub is still to be told: of each client the last. */
    private static final class Waiting {
        private final Map<PublicKey, Told> told = new LinkedHashMap<>();

        synchronized void put(Told news) {
            told.put(news.client.productionKey(), news);
            notifyAll();
        }

        synchronized Told first() throws InterruptedException {
            while (told.isEmpty()) {
                wait();
            }
            return told.values().iterator().next();
        }

        /** Puts what could not be done behind all that waits. */
        synchronized void later(Told news) {
            if (told.remove(news.client.productionKey(), news)) {
                put(news);
            }
        }

        synchronized void done(Told news) {
            told.remove(news.client.productionKey(), news);
        }
    }

    Announcements(List<HubAddress> hubs, Asks client, Consumer<String> log) {
        this.client = client;
        this.log = log;
        for (HubAddress hub : hubs) {
            Waiting news = new Waiting();
            waiting.put(hub, news);
            Thread.ofPlatform().name("gate-tell-" + hub.name()).daemon().start(() -> run(hub, news));
        }
    }

    void tell(Operation what, Request.Client client) {
        waiting.values().forEach(news -> news.put(new Told(what, client)));
    }

    private void run(HubAddress hub, Waiting news) {
        String said = "";
        try {
            while (true) {
                Told first = news.first();
                String complaint;
                boolean again = false;
                try {
                    Reply reply = client.ask(
                            hub,
                            new Asker.Question(
                                    hub.key(),
                                    first.what,
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.of(first.client)));
                    complaint = reply.code().agrees()
                            ? ""
                            : hub.name() + " does not want to hear of " + first.client.productionKey() + ": "
                                    + reply.sentence();
                    again = reply.code() == Code.INTERNAL;
                    if (again) {
                        news.later(first);
                    } else {
                        news.done(first);
                    }
                } catch (IOException e) {
                    again = true;
                    complaint = String.valueOf(e.getMessage());
                }
                if (!complaint.isEmpty() && !complaint.equals(said)) {
                    log.accept(complaint);
                }
                if (again) {
                    Thread.sleep(RETRY);
                }
                said = complaint;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
