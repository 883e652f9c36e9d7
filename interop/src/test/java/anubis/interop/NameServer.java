package anubis.interop;

import anubis.lab.LabHost;
import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** A DNS server on 127.0.0.1 of a host of the lab: authoritative for the names it is told, and no other exists. */
final class NameServer implements AutoCloseable {
    private final DatagramSocket socket;
    private final Map<Name, List<Record>> zone = new ConcurrentHashMap<>();

    NameServer(LabHost host) throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.of(host.namespacePath())) {
            socket = namespace.call(() -> new DatagramSocket(53, InetAddress.getLoopbackAddress()));
        }
        Thread.ofPlatform().daemon().start(this::serve);
    }

    /** A name ({@code vpn.example.org}) has these addresses and no others, for {@code ttl} seconds. */
    NameServer name(String name, long ttl, String... addresses) throws TextParseException {
        Name owner = Name.fromString(name, Name.root);
        zone.put(
                owner,
                Arrays.stream(addresses)
                        .map(InetAddress::ofLiteral)
                        .map(address -> address.getAddress().length == 4
                                ? new ARecord(owner, DClass.IN, ttl, address)
                                : new AAAARecord(owner, DClass.IN, ttl, address))
                        .map(Record.class::cast)
                        .toList());
        return this;
    }

    NameServer alias(String name, long ttl, String target) throws TextParseException {
        Name owner = Name.fromString(name, Name.root);
        zone.put(owner, List.of(new CNAMERecord(owner, DClass.IN, ttl, Name.fromString(target, Name.root))));
        return this;
    }

    private void serve() {
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
                socket.receive(packet);
                byte[] reply = answer(new Message(Arrays.copyOf(packet.getData(), packet.getLength())))
                        .toWire();
                socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
            } catch (IOException e) {
                // Not a question, or the test is over.
            }
        }
    }

    private Message answer(Message query) {
        Record question = query.getQuestion();
        Message reply = new Message(query.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setFlag(Flags.AA);
        reply.getHeader().setFlag(Flags.RA);
        reply.addRecord(question, Section.QUESTION);
        Name name = question.getName();
        reply.getHeader().setRcode(zone.containsKey(name) ? Rcode.NOERROR : Rcode.NXDOMAIN);
        for (Record record : zone.getOrDefault(name, List.of())) {
            if (record instanceof CNAMERecord alias) {
                reply.addRecord(alias, Section.ANSWER);
                add(reply, alias.getTarget(), question.getType());
            }
        }
        add(reply, name, question.getType());
        return reply;
    }

    private void add(Message reply, Name name, int type) {
        zone.getOrDefault(name, List.of()).stream()
                .filter(record -> record.getType() == type && type != Type.CNAME)
                .forEach(record -> reply.addRecord(record, Section.ANSWER));
    }

    @Override
    public void close() {
        socket.close();
    }
}
