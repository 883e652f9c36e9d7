package anubis.plan;

import anubis.config.Cidr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The WireGuard ranges that hosts' files are about, and who has which address in them. */
final class ImportedRanges {
    private final List<ImportedHost> found;
    private final List<String> remarks;
    private final List<Cidr> ranges = new ArrayList<>();

    ImportedRanges(List<ImportedHost> found, List<String> remarks) {
        this.found = found;
        this.remarks = remarks;
    }

    /** The ranges of both families, and of each host its addresses in them. */
    List<Cidr> find() {
        for (boolean six : new boolean[] {false, true}) {
            List<Cidr> all = found.stream()
                    .flatMap(host -> host.file.stream())
                    .flatMap(file -> file.addresses().stream())
                    .filter(address -> address.six() == six)
                    .sorted(Comparator.comparingInt(Cidr::length))
                    .toList();
            if (all.isEmpty()) {
                continue;
            }
            Cidr range =
                    new Cidr(all.getFirst().address(), Math.min(all.getFirst().length(), six ? 64 : 24)).masked();
            while (!covers(range, all)) {
                range = new Cidr(range.address(), range.length() - 1).masked();
            }
            ranges.add(range);
            if (range.length() != all.getFirst().length()) {
                remarks.add("that the WireGuard range is " + range + " is a guess: write wireguard");
            }
        }
        found.forEach(this::addresses);
        return ranges;
    }

    private static boolean covers(Cidr range, List<Cidr> all) {
        return all.stream().allMatch(each -> range.contains(Cidr.host(each.address())));
    }

    /** Its addresses in the ranges: of its own file, else of what others' say. */
    private void addresses(ImportedHost host) {
        Stream<Cidr> own = host.file.stream().flatMap(file -> file.addresses().stream());
        Stream<Cidr> told = host.told.values().stream()
                .flatMap(peer -> peer.allowedIps().prefixes().stream())
                .filter(ImportedRanges::isHost);
        Set<Boolean> families = new HashSet<>();
        Stream.concat(own, told)
                .map(Cidr::address)
                .filter(address -> Prefixes.cover(ranges, Cidr.host(address)))
                .filter(address -> families.add(Prefixes.six(address)))
                .forEach(host.draft.wireguard::add);
    }

    static boolean isHost(Cidr prefix) {
        return prefix.equals(Cidr.host(prefix.address()));
    }

    /** Of whom no file has an address in the range gets one that is free. */
    void complete() {
        Set<InetAddress> taken = new HashSet<>();
        found.forEach(host -> taken.addAll(host.draft.wireguard));
        for (ImportedHost host : found) {
            if (!host.draft.wireguard.isEmpty()) {
                continue;
            }
            for (Cidr range : ranges) {
                long number = 1;
                while (!taken.add(Prefixes.nth(range, number))) {
                    number++;
                }
                host.draft.wireguard.add(Prefixes.nth(range, number));
            }
            remarks.add("no file has an address of " + host.draft.name
                    + " in the WireGuard range: it gets one that is free");
        }
    }
}
