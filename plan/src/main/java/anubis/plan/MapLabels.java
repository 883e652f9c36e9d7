package anubis.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The words and signs of a {@link NetworkMap}, in the HTML of Graphviz. */
final class MapLabels {
    static final String INK = "#263238";
    static final String QUIET = "#607d8b";
    static final String FAINT = "#c4ccd0";

    private MapLabels() {}

    /** What stays where it is has corners, what moves has none; what is not made of metal has a dashed edge. */
    static String style(Host host, boolean absent) {
        return absent || host.role() == Role.VM
                ? " STYLE=\"dashed\""
                : host.moves() || host.role() == Role.CLOUD ? " STYLE=\"rounded\"" : "";
    }

    static String icon(Role role) {
        return switch (role) {
            case CENTRAL -> "★";
            case CLOUD -> "☁";
            case GATEWAY -> "⌂";
            case LEAF -> "▣";
            case ROAMING -> "✈";
            case VM -> "◫";
            case PHONE -> "☎";
            case APPLIANCE -> "⚙";
        };
    }

    static String hue(Role role) {
        return switch (role) {
            case CENTRAL -> "#0d47a1";
            case CLOUD -> "#bf360c";
            case GATEWAY -> "#00695c";
            case LEAF -> "#37474f";
            case ROAMING -> "#6a1b9a";
            case VM -> "#5e35b1";
            case PHONE -> "#ad1457";
            case APPLIANCE -> "#795548";
        };
    }

    static String caption(Segment segment) {
        String kind = switch (segment.kind()) {
            case LAN -> "";
            case INSIDE -> segment.gateway().map(owner -> "inside " + owner).orElse("");
            case WILD -> segment.nat() ? "wild side, behind NAT" : "wild side";
        };
        List<String> lines = new ArrayList<>();
        segment.prefixes().forEach(prefix -> lines.add(prefix.toString()));
        segment.mapped().forEach(prefix -> lines.add("to others " + prefix));
        segment.routed().forEach((prefix, host) -> lines.add(prefix + " → " + host));
        return "<B>%s</B>%s<BR ALIGN=\"LEFT\"/><FONT POINT-SIZE=\"8\" COLOR=\"%s\">%s<BR ALIGN=\"LEFT\"/></FONT>"
                .formatted(
                        html(segment.name()),
                        kind.isEmpty()
                                ? ""
                                : " <FONT POINT-SIZE=\"9\" COLOR=\"%s\">%s</FONT>".formatted(QUIET, html(kind)),
                        QUIET,
                        lines.stream().map(MapLabels::html).collect(Collectors.joining("<BR ALIGN=\"LEFT\"/>")));
    }

    static String cells(String colour, String left, String right) {
        String cell =
                "<TD ALIGN=\"LEFT\" BALIGN=\"LEFT\" VALIGN=\"TOP\" CELLPADDING=\"1\"><FONT POINT-SIZE=\"8\" COLOR=\"%s\">%s </FONT></TD>";
        return "<TR>" + cell.formatted(colour, html(left)) + cell.formatted(colour, right) + "</TR>";
    }

    static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
