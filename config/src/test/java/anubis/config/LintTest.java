package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Finding.Rule;
import anubis.config.Finding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LintTest {
    private static final String CLEAN = """
            [Interface]
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
            Address = 10.0.0.1/24, fd00::1/64
            ListenPort = 51820
            [Peer]
            #: Name = laptop
            PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
            AllowedIPs = 10.0.0.2/32, fd00::2/128
            Endpoint = 192.0.2.1:51820
            [Peer]
            #: Name = phone
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0=
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo=
            AllowedIPs = 10.0.0.3/32
            """;

    /**
     * What is replaced in the clean file, by what, and the one finding that comes of it: its rule and its line. The first
     * of each rule is the example of the documentation.
     */
    private static final String CASES = """
            AllowedIPs = 10.0.0.2/32 | AllowedIP = 10.0.0.2/32 | syntax 8
            ListenPort = 51820 | ListenPort = 70000 | syntax 4
            [Peer]\\n#: Name = phone | [Peer]\\nName = phone | syntax 11
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32, 10.0.0.2/32 | allowed-ip-of-two 14
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32\\nAllowedIPs = 10.0.0.2 | allowed-ip-of-two 15
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32, fd00:0:0::2 | allowed-ip-of-two 14
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ= | peer-twice 12
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | PublicKey = e5c4gd18D+8j0W+sLKJpK6NDLlANqguOKzBA32u1GXY= | own-key 12
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | PresharedKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | key-reused 13
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | PresharedKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | key-reused 13
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | PresharedKey = e5c4gd18D+8j0W+sLKJpK6NDLlANqguOKzBA32u1GXY= | key-reused 13
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | PrivateKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | key-reused 2
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | PublicKey = 4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA= | low-order-key 12
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | PublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= | low-order-key 12
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | PrivateKey = PRIVATEKEYPRIVATEKEYPRIVATEKEYPRIVATEKEYPRI= | placeholder-key 2
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= | placeholder-key 2
            PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0= | PublicKey = keykeykeykeykeykeykeykeykeykeykeykeykeykeyE= | placeholder-key 12
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | PresharedKey = //////////////////////////////////////////8= | placeholder-key 13
            ListenPort = 51820 | ListenPort = 51820\\nMTU = 1200 | mtu-impossible 5
            ListenPort = 51820 | ListenPort = 51820\\nMTU = 65500 | mtu-impossible 5
            Endpoint = 192.0.2.1:51820 | Endpoint = 192.0.2.1:0 | endpoint-impossible 9
            Endpoint = 192.0.2.1:51820 | Endpoint = 0.0.0.0:51820 | endpoint-impossible 9
            Endpoint = 192.0.2.1:51820 | Endpoint = [ff02::1]:51820 | endpoint-impossible 9
            Endpoint = 192.0.2.1:51820 | Endpoint = 255.255.255.255:51820 | endpoint-impossible 9
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32, 10.0.0.3/32 | allowed-ip-twice 14
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.5.1/24 | host-bits 14
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = | no-allowed-ips 10
            ListenPort = 51820 | ListenPort = 51820\\nListenPort = 4296 | setting-twice 5
            [Peer]\\n#: Name = phone | #: Name = phone | setting-twice 10 setting-twice 11
            Endpoint = 192.0.2.1:51820 | Endpoint = 192.0.2.1:51820\\nEndpoint = 192.0.2.2:51820 | setting-twice 10
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=\\n | | no-private-key 1
            Endpoint = 192.0.2.1:51820 | PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | preshared-key-of-two 13
            PresharedKey = slKI36jkyabO6J2oLSyHdQiOtZYQjLJWKt6f5ZL6Jgo= | PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= | preshared-key-zero 13
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32\\nEndpoint = 192.0.2.1:51820 | endpoint-of-two 15
            Endpoint = 192.0.2.1:51820 | Endpoint = 10.0.0.9:51820 | endpoint-in-own-network 9
            ListenPort = 51820\\n | | nobody-begins 9
            ListenPort = 51820 | ListenPort = 0 | nobody-begins 10
            Address = 10.0.0.1/24 | Address = 10.0.0.0/24 | address-of-network 3
            Address = 10.0.0.1/24 | Address = 10.0.0.255/24 | address-of-network 3
            fd00::1/64 | fd00::/64 | address-of-network 3
            Address = 10.0.0.1/24 | Address = 10.0.0.3/24 | address-of-peer 3
            ListenPort = 51820 | ListenPort = 51820\\nMTU = 1500 | mtu-large 5
            ListenPort = 51820 | ListenPort = 51820\\nPostUp = iptables -A FORWARD -i wg1 -j ACCEPT | hook-interface 5
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32, 192.0.2.0/24 | endpoint-inside 9
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 0.0.0.0/1, 128.0.0.0/1 | endpoint-inside 9
            ListenPort = 51820 | ListenPort = 51820\\nDNS = 10.1.0.53 | dns-outside 5
            ListenPort = 51820 | ListenPort = 51820\\nDNS = fd00::1\\nDNS = example.org, 2001:db8::53 | dns-outside 6
            AllowedIPs = 10.0.0.3/32 | AllowedIPs = 10.0.0.3/32\\nPersistentKeepalive = 25 | keepalive-waits 15
            """;

    private record Case(String found, String text, String put) {}

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        CASES.lines().forEach(line -> {
            String[] parts = line.replace("\\n", "\n").split(" ?\\| ", -1);
            assertThat(CLEAN).contains(parts[0]);
            cases.add(new Case(parts[2], CLEAN.replace(parts[0], parts[1]), parts[1]));
        });
        cases.add(new Case("no-peer 1", CLEAN.substring(0, CLEAN.indexOf("[Peer]")), "[Interface]"));
        return cases;
    }

    private static List<Arguments> texts() {
        return cases().stream()
                .map(each -> Arguments.of(each.found(), each.put(), each.text()))
                .toList();
    }

    private static List<Finding> findings(String text) {
        return Lint.of(Optional.of("wg0"), "wg0.conf", text).findings();
    }

    private static String brief(List<Finding> findings) {
        return findings.stream()
                .map(finding -> finding.rule() + " " + finding.problem().line())
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("texts")
    void findsThisAndNothingElse(String found, String put, String text) {
        List<Finding> findings = findings(text);
        assertThat(brief(findings)).as("%s", findings).isEqualTo(found);
        assertThat(Lint.of(Optional.empty(), "wg0.conf", text).config().isPresent())
                .isEqualTo(!found.startsWith("syntax"));
        for (String secret : List.of("uIShoqKM", "slKI36jk", "yAnz5TF+", "PRIVATEKEY")) {
            assertThat(findings.toString()).doesNotContain(secret);
        }
    }

    @Test
    void aCleanFileIsClean() {
        assertThat(findings(CLEAN)).isEmpty();
    }

    /** What is done on purpose, and works. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                // A phone that sends everything through the tunnel, its endpoint included; wg-quick handles that.
                """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                Address = 10.0.0.2/32
                DNS = 9.9.9.9, example.org
                [Peer]
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = 0.0.0.0/0, ::/0
                Endpoint = vpn.example.org:51820
                PersistentKeepalive = 25
                """,
                // A leaf of a network whose hub is on the LAN.
                """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                Address = 192.9.200.193/27, 2600:3c01:e000:306::9:1/112
                ListenPort = 4296
                [Peer]
                Endpoint = 192.168.10.254:4296
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = 0.0.0.0/0, ::/0
                """,
                // A server in a cloud: a hub without fixed address behind it, and roaming hosts out of the same
                // network.
                """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                Address = 192.9.200.195/27
                ListenPort = 53
                MTU = 1420
                Table = 214
                PostUp = ip rule add dport 4296 lookup main; ip route add throw 192.168.8.0/24 table 214
                #: ExtraPorts = 443 on eth0
                [Peer]
                #: Name = jacinth
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = 192.9.200.192/27, 192.9.200.128/26
                [Peer]
                #: Name = selen
                PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0=
                AllowedIPs = 192.9.200.200/32
                """,
                // The key is in a file of its own, the peers come at run time, a hook names this interface and another.
                """
                [Interface]
                Address = 10.0.0.1/31, fd00::/127
                ListenPort = 51820
                SaveConfig = true
                PostUp = wg set %i private-key /etc/wireguard/%i.key
                PostUp = nft add rule inet filter forward iifname wg0 oifname wg1 accept
                """,
                // IPv4 only may be small; jumbo frames may be large.
                """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                Address = 10.0.0.1/24
                ListenPort = 51820
                MTU = 1000
                DNS = 127.0.0.1
                [Peer]
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = 10.0.0.0/25
                [Peer]
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = +10.0.0.128/25
                """,
                """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                Address = 10.0.0.1/24
                ListenPort = 51820
                MTU = 8920
                [Peer]
                PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
                AllowedIPs = 10.0.0.2/32
                Endpoint = [2001:db8::1]:51820
                [Peer]
                PublicKey = Kg4E5Eb6YOwOJB/WOpVLVrKfXnpY2l4/fL49Agyh6i0=
                AllowedIPs = 10.0.0.3/32
                Endpoint = [2001:db8::1]:51821
                """
            })
    void whatIsRightIsLeftInPeace(String text) {
        assertThat(findings(text)).isEmpty();
    }

    @Test
    void everyRuleHasACaseHere() {
        Set<Rule> rules = EnumSet.allOf(Rule.class);
        rules.removeIf(rule -> cases().stream().anyMatch(each -> each.found().startsWith(rule + " ")));
        assertThat(rules).as("the permissions of files are looked at elsewhere").containsExactly(Rule.EXPOSED_FILE);
    }

    @Test
    void findingsStandInTheOrderOfLines() {
        String text = CLEAN.replace("10.0.0.2/32", "10.0.0.3/32").replace("ListenPort", "MTU = 1500\nListenPort");
        assertThat(brief(findings(text))).isEqualTo("mtu-large 4 allowed-ip-of-two 15");
        assertThat(findings(text).getLast())
                .hasToString("wg0.conf:15: error: AllowedIPs: 10.0.0.3/32 is given to peer phone, but in line 9 to peer"
                        + " laptop too, which would lose it; give it to one of them [allowed-ip-of-two]");
        assertThat(findings(text.replace("#: Name = phone\n", ""))
                        .getLast()
                        .problem()
                        .fault())
                .contains("given to peer Kg4E5Eb6…, but");
    }

    /** The page has a section for each rule: its severity, an example, and what is found there, to the letter. */
    @Test
    void theDocumentationTellsOfEachRule() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "lint.md"));
        Matcher section =
                Pattern.compile("(?ms)^### `([a-z-]+)`$(.*?)(?=^##|\\z)").matcher(page);
        List<String> told = new ArrayList<>();
        while (section.find()) {
            told.add(section.group(1));
            cases().stream()
                    .filter(each -> each.found().startsWith(section.group(1) + " "))
                    .findFirst()
                    .ifPresent(example -> {
                        assertThat(section.group(2))
                                .contains(findings(example.text()).getFirst() + "\n");
                        assertThat(section.group(2).lines())
                                .containsAll(example.put().strip().lines().toList());
                    });
        }
        assertThat(told)
                .containsExactlyElementsOf(
                        EnumSet.allOf(Rule.class).stream().map(Rule::toString).toList());
        assertThat(page).contains(CLEAN);
        assertThat(page.lines().filter(line -> line.startsWith("## ")))
                .containsExactly("## Errors", "## Warnings", "## Notes");
        for (Severity severity : Severity.values()) {
            Rule first = EnumSet.allOf(Rule.class).stream()
                    .filter(rule -> rule.severity() == severity)
                    .findFirst()
                    .orElseThrow();
            assertThat(page)
                    .containsPattern("(?s)## " + severity.name().charAt(0) + "[a-z]+\n\n(?!#).*?### `" + first + "`");
        }
    }
}
